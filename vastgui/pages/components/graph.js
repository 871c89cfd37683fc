// A workflow's graph as a picture: boxes, links, titles. All of it is text and numbers, drawn here.
export default {
  template: `
    <div v-if="g && g.nodes.length" class="vg-graph">
      <button type="button" class="vg-graph-fit" :aria-label="'Graph of ' + g.nodes.length + ' nodes: enlarge'" title="Enlarge" @click="show">
        <svg :viewBox="box" role="img" aria-label="The workflow's graph" preserveAspectRatio="xMidYMid meet"><g><path v-for="(l, n) in g.links" :key="'l' + n" :d="curve(l)" class="vg-graph-link" /><g v-for="n in g.nodes" :key="n.id" :class="kind(n)"><rect :x="n.x" :y="n.y" :width="n.w" :height="n.h" rx="12" /></g></g></svg>
      </button>
      <Teleport to="body"><div v-if="large" class="vg-veil vg-graph-veil" role="dialog" aria-modal="true" aria-label="The workflow's graph" @mousedown.self="hide" @keydown.escape="hide">
        <div class="vg-graph-large" tabindex="0" ref="large"><svg :viewBox="box" :width="size[0]" :height="size[1]"><path v-for="(l, n) in g.links" :key="'l' + n" :d="curve(l)" class="vg-graph-link" /><g v-for="n in g.nodes" :key="n.id" :class="kind(n)"><title>{{ n.title }} · {{ n.type }} · node {{ n.id }}</title><rect :x="n.x" :y="n.y" :width="n.w" :height="n.h" rx="8" /><text :x="n.x + 10" :y="n.y + 20" :style="{ fontSize: '13px' }">{{ cut(n.title, n.w) }}</text><text v-if="n.type !== n.title && n.h > 34" class="is-type" :x="n.x + 10" :y="n.y + 37" :style="{ fontSize: '11px' }">{{ cut(n.type, n.w) }}</text></g></svg></div>
        <button type="button" class="vg-icon" aria-label="Close" title="Close (Esc)" @click="hide"><i class="ico ico-cross"></i></button>
      </div></Teleport>
    </div>`,
  props: { graph: Object },
  emits: ["ready"],
  data() {
    return { g: this.graph, large: false };
  },
  computed: {
    box() {
      return [-12, -12, this.g.w + 24, this.g.h + 24].join(" ");
    },
    size() {
      const by = Math.min(1, Math.max(1800 / this.g.w, 900 / this.g.h));
      return [this.g.w * by, this.g.h * by].map(Math.round);
    },
  },
  mounted() {
    this.key = (e) => { if (this.large && e.key === "Escape") { e.stopPropagation(); this.hide(); } };
    document.addEventListener("keydown", this.key, true);
    this.$emit("ready");
  },
  unmounted() {
    document.removeEventListener("keydown", this.key, true);
  },
  methods: {
    show() {
      this.before = document.activeElement;
      this.large = true;
      this.$nextTick(() => this.$refs.large.focus());
    },
    hide() {
      this.large = false;
      this.before?.focus?.();
    },
    patch(graph) {
      this.g = graph;
    },
    kind(n) {
      return ["vg-graph-node", "is-" + n.group, n.tone ? "tone-" + n.tone : ""];
    },
    curve([x1, y1, x2, y2]) {
      const bend = Math.max(Math.abs(x2 - x1) / 2, 24);
      return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
    },
    cut(text, width) {
      const chars = [...text], room = Math.max(Math.floor((width - 18) / 7.2), 3);
      return chars.length > room ? chars.slice(0, room - 1).join("") + "…" : text;
    },
  },
};
