// Where to run: an instance used before, another one, or a ComfyUI on this computer.
export default {
  template: `
    <div class="vg-targets" role="radiogroup" aria-label="Where to run">
      <label v-for="t in shown" :key="t.key" :class="['vg-target', t.key === chosen ? 'is-on' : '']">
        <input type="radio" :name="name" :value="t.key" :checked="t.key === chosen" @change="choose(t.key)" />
        <i :class="'ico ico-' + t.icon"></i>
        <span><b class="vg-clip" :title="t.label"><bdi>{{ t.label }}</bdi></b><small v-if="t.note" class="vg-clip">{{ t.note }}</small></span>
      </label>
      <button v-if="options.length > few + 2" type="button" class="vg-more" @click="all = !all">{{ all ? 'Show fewer' : 'All ' + (options.length - 2) + ' connections' }}</button>
    </div>`,
  props: { initial: Array, selected: String },
  emits: ["ready", "choose"],
  data() {
    return { options: this.initial || [], chosen: this.selected, all: false, few: 3, name: "vg-target-" + Math.random().toString(36).slice(2) };
  },
  computed: {
    shown() {
      const fixed = this.options.filter((t) => t.fixed), used = this.options.filter((t) => !t.fixed);
      const cut = this.all ? used : used.filter((t, n) => n < this.few || t.key === this.chosen);
      return [...cut, ...fixed];
    },
  },
  mounted() {
    this.$emit("ready");
  },
  methods: {
    choose(key) {
      this.chosen = key;
      this.$emit("choose", key);
    },
    show(options, chosen) {
      Object.assign(this, { options, chosen });
    },
  },
};
