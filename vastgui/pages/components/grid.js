// Files that runs made, as tiles. Pages of them are added while one scrolls; a click opens the lightbox.
const ICONS = { image: "gallery", video: "video", audio: "audio", "3d": "cube", text: "text", other: "file" };
const FEW = 12; // on a run's page, where its steps stand below
const KINDS = [["", "All"], ["image", "Pictures"], ["video", "Video"], ["audio", "Audio"], ["3d", "3D"], ["text", "Text"], ["other", "Other"]];
export default {
  template: `
    <div>
      <div v-if="search" class="vg-tools"><label class="vg-search"><i class="ico ico-search"></i><input ref="search" v-model="text" type="search" placeholder="Search by workflow, prompt or file name" aria-label="Search the gallery" @input="typed" @keydown.escape="text = ''; ask()" /><span v-if="!text" class="vg-kbd">/</span></label><div class="vg-filters" role="group" aria-label="Filter by kind"><button v-for="k in kinds" :key="k[0]" type="button" class="vg-filter" :aria-pressed="media === k[0]" @click="media = k[0]; ask()">{{ k[1] }}</button></div><span v-if="stale" class="vg-muted">New ones came.</span><button v-if="stale" type="button" class="vg-btn is-quiet" @click="ask">Show them</button></div>
      <ul v-if="items.length" class="vg-grid" :aria-label="label">
        <li v-for="t in shown" :key="t.run + ':' + t.n">
          <button type="button" :class="['vg-tile', 'is-' + t.media, t.error ? 'is-bad' : '']" :disabled="!t.src" :title="tip(t)" @click="open(t)">
            <img v-if="picture(t)" :src="t.thumb || t.src" alt="" loading="lazy" decoding="async" @error="broken[t.run + ':' + t.n] = true" />
            <video v-else-if="film(t)" :src="t.src + '#t=0.1'" preload="metadata" muted playsinline tabindex="-1" @error="broken[t.run + ':' + t.n] = true"></video>
            <span v-else class="vg-tile-mark"><i :class="'ico ico-' + (t.error ? 'warning' : mark(t))"></i><small v-if="t.error">{{ t.error }}</small><small v-else-if="!t.src">{{ coming }}</small></span>
            <i v-if="(picture(t) || film(t)) && t.media !== 'image'" :class="['vg-tile-kind', 'ico', 'ico-' + mark(t)]"></i>
            <span v-if="t.temp && t.src" class="vg-tile-tag">preview</span>
            <span class="vg-tile-name"><bdi>{{ t.name }}</bdi><small>{{ note(t) }}</small></span>
          </button>
        </li>
      </ul>
      <div v-else-if="search" class="vg-empty"><i class="ico ico-gallery"></i><b>{{ loading ? 'Looking…' : asked ? 'Nothing fits' : 'No pictures yet' }}</b>{{ loading ? '' : asked ? 'Try another word of the prompt, the name of the workflow, or another kind.' : 'What your workflows make is kept here, with its prompt and seed.' }}<br v-if="!loading"/><a v-if="!loading && !asked" class="vg-btn is-primary" href="/generate">Generate something</a></div>
      <button v-if="!search && items.length > few" type="button" class="vg-btn is-quiet vg-grid-all" @click="all = !all">{{ all ? 'Show fewer' : 'Show all ' + items.length }}</button>
      <div v-if="more" ref="end" class="vg-grid-end vg-muted">Loading more…</div>
    </div>`,
  props: { initial: Array, label: String, coming: String, notes: String, search: Boolean },
  emits: ["ready", "more", "query"],
  data() {
    return { items: this.initial || [], more: false, broken: {}, text: "", media: "", asked: "", kinds: KINDS, loading: !!this.search, stale: false, all: false, few: FEW };
  },
  computed: {
    shown() {
      return this.search || this.all ? this.items : this.items.slice(0, FEW);
    },
  },
  mounted() {
    this.sight = new IntersectionObserver((seen) => seen.some((s) => s.isIntersecting) && this.$emit("more"), { rootMargin: "600px" });
    this.slash = (e) => {
      if (this.search && e.key === "/" && !/INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName)) { e.preventDefault(); this.$refs.search.focus(); }
    };
    this.wanted = () => this.more && this.$emit("more"); // the lightbox comes near the end
    document.addEventListener("keydown", this.slash);
    document.addEventListener("vg-lightbox-end", this.wanted);
    this.$emit("ready");
  },
  unmounted() {
    clearTimeout(this.wait);
    document.removeEventListener("keydown", this.slash);
    document.removeEventListener("vg-lightbox-end", this.wanted);
    this.sight.disconnect();
  },
  methods: {
    snapshot(items, more) {
      Object.assign(this, { items, broken: {}, asked: this.text || this.media, loading: false, stale: false });
      this.again(more);
    },
    append(items, more) {
      const known = new Set(this.items.map((t) => t.run + ":" + t.n));
      this.items.push(...items.filter((t) => !known.has(t.run + ":" + t.n)));
      this.again(more);
    },
    patch(items) {
      for (const item of items) {
        const at = this.items[item.n]?.n === item.n ? item.n : this.items.findIndex((t) => t.n === item.n);
        if (at >= 0) this.items[at] = item;
        else this.items.push(item);
      }
    },
    typed() {
      clearTimeout(this.wait);
      this.wait = setTimeout(this.ask, 200);
    },
    ask() {
      clearTimeout(this.wait);
      this.$emit("query", { text: this.text, media: this.media });
    },
    outdated() {
      this.stale = true;
    },
    again(more) {
      this.more = !!more;
      this.sight.disconnect();
      this.$nextTick(() => this.$refs.end && this.sight.observe(this.$refs.end));
    },
    picture(t) {
      return (t.thumb || (t.media === "image" && t.src)) && !t.error && !this.broken[t.run + ":" + t.n];
    },
    film(t) {
      return t.media === "video" && t.src && !t.thumb && !t.error && !this.broken[t.run + ":" + t.n];
    },
    mark(t) {
      return ICONS[t.media] || "file";
    },
    note(t) {
      return this.notes === "workflow" ? t.workflow : t.size;
    },
    tip(t) {
      return [t.name, t.error || t.workflow || t.node, t.tip, t.size].filter(Boolean).join("\n");
    },
    open(t) {
      document.dispatchEvent(new CustomEvent("vg-lightbox", { detail: { items: this.items, run: t.run, n: t.n } }));
    },
  },
};
