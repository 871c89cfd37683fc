// Named sets of values of one workflow: applied by a click, deleted with undo.
export default {
  template: `
    <div class="vg-presets">
      <h2>Parameters</h2>
      <span v-for="n in names" :key="n" class="vg-preset"><button type="button" :title="'Fill in: ' + n" @click="$emit('apply', n)"><bdi>{{ n }}</bdi></button><button type="button" class="is-x" :aria-label="'Delete preset ' + n" title="Delete" @click="drop(n)"><i class="ico ico-cross"></i></button></span>
      <span class="vg-grow"></span>
      <form v-if="naming" class="vg-preset-new" @submit.prevent="save"><input ref="name" v-model.trim="name" class="vg-in" maxlength="80" placeholder="Name of the preset" aria-label="Name of the preset" @keydown.escape.stop="naming = false" /><button class="vg-btn is-primary" :disabled="!name">Save</button><button type="button" class="vg-btn is-quiet" @click="naming = false">Cancel</button></form>
      <button v-else type="button" class="vg-btn is-quiet" @click="begin"><i class="ico ico-plus"></i>Save as preset</button>
      <button v-if="dirty" type="button" class="vg-btn is-quiet" title="Back to the workflow as it is in its file" @click="$emit('clear')"><i class="ico ico-again"></i>Reset all</button>
      <div v-if="undo" class="vg-toast" role="status">Deleted “{{ undo }}”.<button type="button" @click="$emit('undo', undo); undo = ''">Undo</button></div>
    </div>`,
  props: { initial: Array, changed: Boolean },
  emits: ["ready", "apply", "save", "drop", "undo", "clear"],
  data() {
    return { names: this.initial || [], dirty: this.changed, naming: false, name: "", undo: "" };
  },
  mounted() {
    this.$emit("ready");
  },
  unmounted() {
    clearTimeout(this.hide);
  },
  methods: {
    show(names, dirty) {
      Object.assign(this, { names, dirty });
    },
    begin() {
      this.naming = true;
      this.name = "";
      this.$nextTick(() => this.$refs.name.focus());
    },
    save() {
      if (!this.name) return;
      this.$emit("save", this.name);
      this.naming = false;
    },
    drop(name) {
      this.$emit("drop", name);
      this.undo = name;
      clearTimeout(this.hide);
      this.hide = setTimeout(() => (this.undo = ""), 12000);
    },
  },
};
