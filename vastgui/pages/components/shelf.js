// The library of workflows as cards, and a place to drop a workflow, or a picture that carries one.
const TYPES = ".json,.png,.webp,.mp4,.webm,.mkv,.mov,.flac,.jpg,.jpeg,.gif";
export default {
  template: `
    <div :class="['vg-shelf-drop', over ? 'is-over' : '']" @dragenter.prevent="over = true" @dragover.prevent="over = true" @dragleave.self="over = false" @drop.prevent="dropped">
      <div v-if="cards.length > 6 || text" class="vg-tools"><label class="vg-search"><i class="ico ico-search"></i><input v-model="text" type="search" placeholder="Search workflows" aria-label="Search workflows" @keydown.escape="text = ''" /></label></div>
      <p v-if="problem" ref="problem" class="vg-error" role="alert">{{ problem }}</p>
      <ul class="vg-shelf" aria-label="Workflows">
        <li>
          <button type="button" class="vg-card vg-work is-drop" @click="$refs.file.click()">
            <span class="vg-work-pic"><i :class="'ico ico-' + (busy ? 'auto' : 'upload')"></i></span>
            <span class="vg-work-text"><b>{{ busy || 'Open a file' }}</b><small>Drop a workflow (JSON), or a picture or video that ComfyUI made: it carries its own.</small></span>
          </button>
          <input ref="file" type="file" hidden :accept="types" aria-label="Workflow file" @change="send($event.target.files[0]); $event.target.value = ''" />
        </li>
        <li v-for="c in found" :key="c.name">
          <div v-if="c.broken" class="vg-card vg-work is-broken tone-bad">
            <span class="vg-work-pic"><i class="ico ico-warning"></i></span>
            <span class="vg-work-text"><b class="vg-clip"><bdi>{{ c.label }}</bdi></b><small :title="c.broken">{{ c.broken }}</small></span>
            <button v-if="c.own" type="button" class="vg-icon vg-work-x" title="Remove from the library" :aria-label="'Remove ' + c.label" @click="$emit('remove', c.name)"><i class="ico ico-trash"></i></button>
          </div>
          <div v-else class="vg-card vg-work">
            <button type="button" class="vg-work-main" @click="$emit('choose', c.name)">
              <span class="vg-work-pic"><img v-if="c.preview" :src="c.preview" alt="" loading="lazy" decoding="async" /><i v-else class="ico ico-graph"></i></span>
              <span class="vg-work-text"><b class="vg-clip" :title="c.label"><bdi>{{ c.label }}</bdi></b><small :title="c.description">{{ c.description }}</small></span>
            </button>
            <span v-if="c.own" class="vg-tag vg-work-own">yours</span>
            <button v-if="c.own" type="button" class="vg-icon vg-work-x" title="Remove from the library" :aria-label="'Remove ' + c.label" @click="$emit('remove', c.name)"><i class="ico ico-trash"></i></button>
          </div>
        </li>
      </ul>
      <p v-if="!found.length" class="vg-muted">No workflow fits “{{ text }}”.</p>
      <div v-if="undo" class="vg-toast" role="status">Removed “{{ undo.label }}”.<button type="button" @click="$emit('undo', undo.name); undo = null">Undo</button></div>
    </div>`,
  props: { initial: Array },
  emits: ["ready", "choose", "remove", "undo", "opened"],
  data() {
    return { cards: this.initial || [], text: "", over: false, busy: "", problem: "", undo: null, types: TYPES };
  },
  computed: {
    found() {
      const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
      return this.cards.filter((c) => words.every((w) => (c.label + " " + c.description).toLowerCase().includes(w)));
    },
  },
  mounted() {
    this.stray = (e) => e.preventDefault(); // a file that misses its place must not replace the page
    for (const name of ["dragover", "drop"]) document.addEventListener(name, this.stray);
    this.$emit("ready");
  },
  unmounted() {
    for (const name of ["dragover", "drop"]) document.removeEventListener(name, this.stray);
    clearTimeout(this.hide);
  },
  methods: {
    show(cards) {
      this.cards = cards;
    },
    removed(name, label) {
      this.undo = { name, label };
      clearTimeout(this.hide);
      this.hide = setTimeout(() => (this.undo = null), 12000);
    },
    fail(text) {
      this.busy = "";
      this.problem = text;
      this.$nextTick(() => this.$refs.problem?.scrollIntoView({ block: "nearest" }));
    },
    dropped(e) {
      this.over = false;
      this.send(e.dataTransfer.files[0]);
    },
    async send(file) {
      if (!file || this.busy) return;
      this.busy = "Reading " + file.name;
      this.problem = "";
      try {
        const answer = await fetch("/uploads/" + encodeURIComponent(file.name || "file"), { method: "PUT", body: file });
        const said = await answer.json();
        if (!answer.ok) return this.fail(said.error);
        this.$emit("opened", said.id);
      } catch {
        this.fail("The file could not be read.");
      }
      this.busy = "";
    },
  },
};
