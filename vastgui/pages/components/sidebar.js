// Where to go, what runs now, and the look.
const LOOKS = { auto: ["auto", "Look: as the system", "light"], light: ["sun", "Look: light", "dark"], dark: ["moon", "Look: dark", "auto"] };
const PAGES = [
  { href: "/", under: "/", icon: "setup", label: "Setup" },
  { href: "/generate", under: "/generate", icon: "generate", label: "Generate" },
  { href: "/gallery", under: "/gallery", icon: "gallery", label: "Gallery" },
  { href: "/runs", under: "/run", icon: "runs", label: "Runs" },
  { href: "/system", under: "/system", icon: "sliders", label: "System" },
];
export default {
  template: `
    <nav class="vg-side" aria-label="Main">
      <a class="vg-logo" href="/" aria-label="vastgui"><i class="ico ico-bolt"></i><span>vastgui</span></a>
      <a v-for="p in pages" :key="p.href" class="vg-nav" :href="p.href" :title="p.label" :aria-current="at === p.href || (p.href !== '/' && at.startsWith(p.under)) ? 'page' : null"><i :class="'ico ico-' + p.icon"></i><span>{{ p.label }}</span></a>
      <div v-if="runs.length" class="vg-side-title">Running now</div>
      <a v-for="r in runs" :key="r.id" :href="'/run/' + r.id" :class="['vg-live', 'tone-' + r.tone]" :title="r.connection">
        <i :class="['vg-dot', r.tone === 'run' ? 'is-live' : '']"></i><span class="vg-clip">{{ r.label }}</span><span class="vg-num vg-muted">{{ r.percent }}%</span><small class="vg-clip">{{ r.place }}</small>
      </a>
      <div class="vg-side-foot">
        <button class="vg-icon" type="button" :title="look[1]" :aria-label="look[1] + '. Change it.'" @click="next"><i :class="'ico ico-' + look[0]"></i></button>
        <button class="vg-btn is-quiet is-search" type="button" @click="$emit('search')"><i class="ico ico-search"></i>Search <span class="vg-kbd">Ctrl K</span></button>
      </div>
    </nav>`,
  props: { path: String, live: Array, theme: String },
  emits: ["ready", "look", "search"],
  data() {
    return {
      at: this.path, runs: this.live || [], mode: this.theme,
      pages: PAGES,
    };
  },
  computed: {
    look() {
      return LOOKS[this.mode] || LOOKS.auto;
    },
  },
  mounted() {
    this.$emit("ready");
  },
  methods: {
    patch(runs) {
      this.runs = runs;
    },
    go(path) {
      this.at = path;
    },
    next() {
      this.mode = this.look[2];
      this.$emit("look", this.mode);
    },
  },
};
