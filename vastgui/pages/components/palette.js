// Ctrl/Cmd+K: find a page or a run and go there. Filters here; the server only lists what there is.
export default {
  template: `
    <div v-if="open" class="vg-veil" @mousedown.self="hide">
      <div class="vg-palette" role="dialog" aria-modal="true" aria-label="Go to">
        <label><i class="ico ico-search"></i><input ref="input" v-model="text" placeholder="Go to a page or a run" role="combobox" aria-expanded="true" aria-controls="vg-palette-list" :aria-activedescendant="'vg-palette-' + at" @input="at = 0" @keydown.down.prevent="move(1)" @keydown.up.prevent="move(-1)" @keydown.enter.prevent="choose(found[at])" @keydown.escape="hide" @keydown.tab.prevent /></label>
        <ul id="vg-palette-list" role="listbox" ref="list">
          <li v-for="(item, n) in found" :id="'vg-palette-' + n" :key="item.href" role="option" :aria-selected="n === at" @mousemove="at = n" @click="choose(item)"><i :class="'ico ico-' + item.icon"></i><span class="vg-clip">{{ item.label }}</span><small>{{ item.note }}</small></li>
          <li v-if="!found.length" class="vg-muted">Nothing found.</li>
        </ul>
      </div>
    </div>`,
  emits: ["ready", "opened"],
  data() {
    return { open: false, text: "", at: 0, items: [] };
  },
  computed: {
    found() {
      const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
      return this.items.filter((i) => words.every((w) => (i.label + " " + i.note).toLowerCase().includes(w))).slice(0, 12);
    },
  },
  mounted() {
    this.key = (e) => {
      if ((e.ctrlKey || e.metaKey) && !e.shiftKey && !e.altKey && e.key.toLowerCase() === "k") { e.preventDefault(); this.open ? this.hide() : this.show(); }
    };
    document.addEventListener("keydown", this.key);
    this.$emit("ready");
  },
  unmounted() {
    document.removeEventListener("keydown", this.key);
  },
  methods: {
    show() {
      this.before = document.activeElement;
      Object.assign(this, { open: true, text: "", at: 0 });
      this.$emit("opened");
      this.$nextTick(() => this.$refs.input.focus());
    },
    hide() {
      this.open = false;
      this.before?.focus?.();
    },
    fill(items) {
      this.items = items;
    },
    move(by) {
      this.at = Math.min(Math.max(this.at + by, 0), Math.max(this.found.length - 1, 0));
      this.$nextTick(() => this.$refs.list.children[this.at]?.scrollIntoView({ block: "nearest" }));
    },
    choose(item) {
      if (!item) return;
      this.open = false;
      const link = document.createElement("a"); // the page's own links are followed without a reload
      link.href = item.href;
      document.body.append(link);
      link.click();
      link.remove();
    },
  },
};
