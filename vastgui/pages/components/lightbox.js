// One file large, over everything, with keys. It opens on the event "vg-lightbox" of a grid in this page.
const KEYS = { ArrowLeft: "back", ArrowUp: "back", ArrowRight: "next", ArrowDown: "next", " ": "play", d: "download", r: "again", i: "toggle", Escape: "hide" };
const TEXT_BYTES = 20000;
export default {
  template: `
    <div v-if="now" class="vg-veil vg-light" ref="root" tabindex="-1" role="dialog" aria-modal="true" :aria-label="now.name" @mousedown.self="hide">
      <header class="vg-light-head">
        <b class="vg-clip"><bdi>{{ now.name }}</bdi></b><span class="vg-num vg-light-dim">{{ at + 1 }} / {{ files.length }}</span><span class="vg-grow"></span>
        <button type="button" class="vg-icon" :aria-pressed="info" title="Information (i)" aria-label="Information" @click="toggle"><i class="ico ico-info"></i></button>
        <button type="button" class="vg-icon" title="Run again (r)" aria-label="Run again" @click="again"><i class="ico ico-again"></i></button>
        <a class="vg-icon" :href="'/generate?run=' + now.run + '&n=' + now.n" title="Run from this: its workflow, parameters and seed" aria-label="Run from this" @click="hide"><i class="ico ico-generate"></i></a>
        <button type="button" class="vg-icon" title="Open the folder" aria-label="Open the folder" @click="$emit('folder', key(now))"><i class="ico ico-folder"></i></button>
        <a class="vg-icon" ref="save" :href="now.src" :download="now.name" title="Download (d)" aria-label="Download"><i class="ico ico-download"></i></a>
        <button type="button" class="vg-icon" title="Close (Esc)" aria-label="Close" @click="hide"><i class="ico ico-cross"></i></button>
      </header>
      <div class="vg-light-body" @mousedown.self="hide">
        <button v-if="files.length > 1" type="button" class="vg-light-step is-back" aria-label="Previous" @click="back"><i class="ico ico-chevron"></i></button>
        <figure :key="now.src" @mousedown.self="hide">
          <img v-if="now.media === 'image' && !failed" :src="now.src" :alt="now.name" @load="measure" @error="failed = true" />
          <video v-else-if="now.media === 'video' && !failed" ref="player" :src="now.src" :poster="now.thumb || null" controls loop playsinline @loadedmetadata="measure" @error="failed = true"></video>
          <div v-else class="vg-light-card">
            <i :class="'ico ico-' + icon"></i><b><bdi>{{ now.name }}</bdi></b>
            <audio v-if="now.media === 'audio' && !failed" ref="player" :src="now.src" controls @error="failed = true"></audio>
            <pre v-else-if="text" tabindex="0">{{ text }}</pre>
            <span v-else class="vg-muted">{{ failed ? 'The browser cannot show this file.' : 'This kind of file is opened by another program.' }} {{ now.size }}</span>
          </div>
        </figure>
        <button v-if="files.length > 1" type="button" class="vg-light-step is-next" aria-label="Next" @click="next"><i class="ico ico-chevron"></i></button>
        <aside v-if="info" class="vg-light-info" aria-label="Information about this file">
          <dl><template v-for="f in facts" :key="f[0]"><dt>{{ f[0] }}</dt><dd><bdi>{{ f[1] }}</bdi></dd></template></dl>
          <p v-if="!asked" class="vg-muted">Reading the run's record…</p>
          <p class="vg-light-more"><a :href="'/run/' + now.run" @click="hide">Open its run</a></p>
        </aside>
      </div>
    </div>`,
  emits: ["ready", "info", "again", "folder"],
  data() {
    return { items: [], run: "", n: -1, info: false, told: {}, size: "", text: "", failed: false };
  },
  computed: {
    files() {
      return this.items.filter((t) => t.src);
    },
    at() {
      return this.files.findIndex((t) => t.run === this.run && t.n === this.n);
    },
    now() {
      return this.files[this.at];
    },
    asked() {
      return this.told[this.run + ":" + this.n];
    },
    facts() {
      const own = [["Kind", this.now.media], ["Pixels", this.size], ["Size", this.now.size]].filter((f) => f[1]);
      return [...(this.asked || []), ...own];
    },
    icon() {
      return { image: "gallery", video: "video", audio: "audio", "3d": "cube", text: "text" }[this.now.media] || "file";
    },
  },
  mounted() {
    this.opened = (e) => this.show(e.detail);
    this.pressed = (e) => this.now && this.key_down(e);
    document.addEventListener("vg-lightbox", this.opened);
    document.addEventListener("keydown", this.pressed, true);
    this.$emit("ready");
  },
  unmounted() {
    document.removeEventListener("vg-lightbox", this.opened);
    document.removeEventListener("keydown", this.pressed, true);
    document.documentElement.classList.remove("vg-still");
  },
  methods: {
    key(t) {
      return { run: t.run, n: t.n };
    },
    show({ items, run, n }) {
      this.before = document.activeElement;
      this.items = items;
      this.turn({ run, n });
      document.documentElement.classList.add("vg-still");
      this.$nextTick(() => this.$refs.root?.focus()); // no button: space is to play, not to press one
    },
    hide() {
      this.n = -1;
      this.items = [];
      document.documentElement.classList.remove("vg-still");
      this.before?.focus?.();
    },
    turn(to) {
      Object.assign(this, { run: to.run, n: to.n, size: "", text: "", failed: false });
      if (this.info) this.ask();
      if (this.now?.media === "text") this.read(this.now);
    },
    next() {
      if (this.at > this.files.length - 5) document.dispatchEvent(new CustomEvent("vg-lightbox-end"));
      this.turn(this.files[(this.at + 1) % this.files.length]);
    },
    back() {
      this.turn(this.files[(this.at - 1 + this.files.length) % this.files.length]);
    },
    play() {
      const player = this.$refs.player;
      if (player) player.paused ? player.play() : player.pause();
    },
    download() {
      this.$refs.save.click();
    },
    again() {
      this.$emit("again", this.key(this.now));
    },
    toggle() {
      this.info = !this.info;
      if (this.info) this.ask();
    },
    ask() {
      if (!this.asked) this.$emit("info", { run: this.run, n: this.n });
    },
    tell(run, n, facts) {
      this.told[run + ":" + n] = facts;
    },
    measure(e) {
      const of = e.target;
      this.size = (of.naturalWidth || of.videoWidth) + " × " + (of.naturalHeight || of.videoHeight);
    },
    async read(item) {
      const answer = await fetch(item.src, { headers: { Range: "bytes=0-" + (TEXT_BYTES - 1) } });
      const text = answer.ok ? (await answer.text()).slice(0, TEXT_BYTES) : "";
      if (this.now?.src === item.src) this.text = text;
    },
    key_down(e) {
      if (e.key === "Tab") return this.keep_focus(e);
      const wanted = KEYS[e.key.length === 1 ? e.key.toLowerCase() : e.key];
      const typing = e.ctrlKey || e.metaKey || e.altKey;
      if (!wanted || typing) return;
      if (e.key === " " && e.target.closest?.("button, a")) return; // space presses the button in focus
      if (e.key.startsWith("Arrow") && e.target.closest?.("pre")) return;
      e.preventDefault();
      e.stopPropagation();
      this[wanted]();
    },
    keep_focus(e) {
      const stops = [...this.$refs.root.querySelectorAll("button, a[href], video, audio, pre")];
      const at = stops.indexOf(document.activeElement), last = stops.length - 1;
      if (e.shiftKey ? at <= 0 : at === last || at < 0) {
        e.preventDefault();
        stops[e.shiftKey ? last : 0].focus();
      }
    },
  },
};
