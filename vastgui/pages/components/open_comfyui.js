// Opens the instance's own ComfyUI in another tab as soon as a port leads there.
export default {
  template: `
    <div class="vg-open-comfyui">
      <a v-if="address" class="vg-btn is-quiet" :href="address" target="_blank" rel="noopener noreferrer"><i class="ico ico-link"></i>ComfyUI at {{ address.replace('http://', '') }}</a>
      <button v-else type="button" class="vg-btn is-quiet" :disabled="busy" @click="open"><i class="ico ico-link"></i>{{ busy ? 'Opening ComfyUI…' : 'Open ComfyUI' }}</button>
    </div>`,
  emits: ["ready", "open"],
  data() {
    return { address: "", busy: false };
  },
  mounted() {
    this.$emit("ready");
  },
  methods: {
    open() {
      this.busy = true;
      this.$emit("open");
    },
    show(address, busy, fresh) {
      this.address = address;
      this.busy = busy;
      // a browser that blocks this still has the link
      if (fresh) window.open(address, "_blank", "noopener,noreferrer");
    },
  },
};
