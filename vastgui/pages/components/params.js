// The parameters of a workflow: what matters first, the rest behind "All parameters".
// Values travel as text: a seed has 64 bits, a JavaScript number only 53.
const CONTROLS = [["randomize", "Random each run"], ["fixed", "Fixed"], ["increment", "+1 each run"], ["decrement", "−1 each run"]];
const ACCEPT = { image: "image/*", video: "video/*", audio: "audio/*", file: "" };
const FEW = 7, SHOWN = 60;

const Choice = {
  template: `
    <div class="vg-combo" @focusout="left">
      <input ref="input" class="vg-in" role="combobox" :aria-label="label" :aria-expanded="open" aria-autocomplete="list" :aria-controls="uid" :aria-activedescendant="open ? uid + '-' + at : null" spellcheck="false" autocomplete="off" :value="open ? text : value" :placeholder="value || 'none'" :aria-invalid="invalid" @focus="show" @click="show" @input="text = $event.target.value; at = 0" @keydown.down.prevent="move(1)" @keydown.up.prevent="move(-1)" @keydown.enter="enter" @keydown.escape="hide" />
      <i class="ico ico-chevron"></i>
      <ul v-if="open" :id="uid" ref="list" role="listbox" class="vg-combo-list">
        <li v-for="(c, n) in found" :id="uid + '-' + n" :key="c" role="option" :aria-selected="n === at" :title="c" @mousemove="at = n" @mousedown.prevent="choose(c)"><bdi>{{ c }}</bdi></li>
        <li v-if="!found.length" class="vg-muted">{{ choices.length ? 'Nothing fits.' : 'Type a name.' }}</li>
        <li v-if="hits > found.length" class="vg-muted">{{ hits - found.length }} more: type to narrow down</li>
      </ul>
    </div>`,
  props: { value: String, choices: Array, label: String, uid: String, invalid: Boolean },
  emits: ["set"],
  data() {
    return { open: false, text: "", at: 0 };
  },
  computed: {
    all() {
      const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
      return words.length ? this.choices.filter((c) => words.every((w) => c.toLowerCase().includes(w))) : this.choices;
    },
    hits() {
      return this.all.length;
    },
    found() {
      return this.all.slice(0, SHOWN);
    },
  },
  methods: {
    show() {
      if (this.open) return;
      Object.assign(this, { open: true, text: "", at: Math.max(this.choices.slice(0, SHOWN).indexOf(this.value), 0) });
      this.$nextTick(() => this.$refs.list?.children[this.at]?.scrollIntoView({ block: "nearest" }));
    },
    hide() {
      this.open = false;
    },
    left(e) {
      if (this.$el.contains(e.relatedTarget)) return;
      if (this.open && this.text && !this.choices.length) this.$emit("set", this.text);
      this.hide();
    },
    move(by) {
      this.show();
      this.at = Math.min(Math.max(this.at + by, 0), Math.max(this.found.length - 1, 0));
      this.$nextTick(() => this.$refs.list?.children[this.at]?.scrollIntoView({ block: "nearest" }));
    },
    enter(e) {
      if (e.ctrlKey || e.metaKey || !this.open) return;
      e.preventDefault();
      if (this.found[this.at]) this.choose(this.found[this.at]);
      else if (!this.choices.length && this.text) this.choose(this.text);
    },
    choose(choice) {
      this.$emit("set", choice);
      this.hide();
    },
  },
};

const Param = {
  components: { Choice },
  template: `
    <div :class="['vg-param', 'is-' + f.kind, f.role === 'checkpoint' ? 'vg-wide' : '', f.error ? 'is-wrong' : '']" :data-field="f.id">
      <div class="vg-label"><label :for="uid" :title="f.help || null">{{ f.label }}</label><small v-if="changed"><button type="button" class="vg-more" title="Back to the workflow's own value" @click="$emit('reset', f.id)">reset</button></small>
        <span class="vg-grow"></span><button type="button" :class="['vg-icon', 'vg-star', f.star ? 'is-on' : '']" :aria-pressed="!!f.star" :title="f.star ? 'No longer a favourite' : 'Favourite: always shown on top'" :aria-label="(f.star ? 'Unpin ' : 'Pin ') + f.label" @click="$emit('star', { id: f.id, on: !f.star })"><i :class="'ico ico-' + (f.star ? 'star-full' : 'star')"></i></button></div>
      <textarea v-if="f.kind === 'multiline'" :id="uid" ref="area" class="vg-in" rows="3" dir="auto" :value="f.value" :aria-invalid="!!f.error" @input="typed($event.target.value); grow()" @change="now($event.target.value)"></textarea>
      <input v-else-if="f.kind === 'bool'" :id="uid" class="vg-switch" type="checkbox" role="switch" :checked="f.value === 'true'" @change="now($event.target.checked ? 'true' : 'false')" />
      <span v-else-if="f.kind === 'choice' && choices.length && choices.length <= few" class="vg-select"><select :id="uid" class="vg-in" :value="f.value" :aria-invalid="!!f.error" @change="now($event.target.value)"><option v-if="!choices.includes(f.value)" :value="f.value">{{ f.value || 'none' }}</option><option v-for="c in choices" :key="c" :value="c">{{ c }}</option></select><i class="ico ico-chevron"></i></span>
      <Choice v-else-if="f.kind === 'choice'" :uid="uid" :value="f.value" :choices="choices" :label="f.label" :invalid="!!f.error" @set="now" />
      <div v-else-if="isFile" :class="['vg-drop', over ? 'is-over' : '']" @dragenter.prevent="over = true" @dragover.prevent="over = true" @dragleave.self="over = false" @drop.prevent.stop="over = false; send($event.dataTransfer.files[0])">
        <img v-if="f.file && f.file.src" :src="f.file.src" alt="" /><i v-else :class="'ico ico-' + (f.kind === 'image' ? 'gallery' : f.kind)"></i>
        <div class="vg-grow"><b class="vg-clip" :title="fileName"><bdi>{{ busy || fileName || 'No file chosen' }}</bdi></b><small class="vg-muted">{{ f.file ? f.file.size + ', from this computer' : f.value ? 'as it is on the instance' : 'Drop one here or choose it.' }}</small></div>
        <button v-if="f.file" type="button" class="vg-icon" title="Take it out" :aria-label="'Take the file of ' + f.label + ' out'" @click="$emit('file', { id: f.id, upload: '' })"><i class="ico ico-cross"></i></button>
        <button :id="uid" type="button" class="vg-btn" :aria-label="'Choose a file for ' + f.label" @click="$refs.file.click()">Choose</button>
        <input ref="file" type="file" hidden :accept="accept" :aria-label="f.label" @change="send($event.target.files[0]); $event.target.value = ''" />
      </div>
      <div v-else-if="f.control" class="vg-seed">
        <input :id="uid" class="vg-in vg-mono" inputmode="numeric" autocomplete="off" :value="f.control === 'randomize' ? '' : f.value" :placeholder="f.control === 'randomize' ? 'drawn for each run' : 'counted on from the last run'" :aria-invalid="!!f.error" :readonly="f.control === 'randomize'" @input="typed($event.target.value)" @change="now($event.target.value)" />
        <button type="button" class="vg-icon" title="Draw one and keep it" :aria-label="'Draw a number for ' + f.label" @click="$emit('dice', f.id)"><i class="ico ico-dice"></i></button>
        <span class="vg-select"><select class="vg-in" :aria-label="'How ' + f.label + ' goes on'" :value="f.control" @change="$emit('control', { id: f.id, control: $event.target.value })"><option v-for="c in controls" :key="c[0]" :value="c[0]">{{ c[1] }}</option></select><i class="ico ico-chevron"></i></span>
      </div>
      <div v-else-if="slides" class="vg-slide"><input type="range" :aria-label="f.label + ', as a slider'" tabindex="-1" :style="{ '--at': at + '%' }" :value="f.value" :min="f.slider[0]" :max="f.slider[1]" :step="f.kind === 'int' ? 1 : Math.max(f.step || 0, 0.05)" @input="typed($event.target.value)" @change="now($event.target.value)" /><input :id="uid" class="vg-in" type="number" v-bind="range" :value="f.value" :aria-invalid="!!f.error" @input="typed($event.target.value)" @change="now($event.target.value)" /></div>
      <input v-else-if="isNumber" :id="uid" class="vg-in" type="number" v-bind="range" :value="f.value" :aria-invalid="!!f.error" @input="typed($event.target.value)" @change="now($event.target.value)" />
      <input v-else :id="uid" class="vg-in" type="text" dir="auto" spellcheck="false" autocomplete="off" :value="f.value" :aria-invalid="!!f.error" @input="typed($event.target.value)" @change="now($event.target.value)" />
      <p v-if="f.missing && !f.error && choices.length && !choices.includes(f.value)" class="vg-missing tone-wait"><i class="vg-dot"></i>Not on this instance.</p>
      <p v-if="f.error || wrong" class="vg-error-text" role="alert">{{ f.error || wrong }}</p>
    </div>`,
  props: { f: Object, lists: Array, uid: String },
  emits: ["set", "control", "star", "dice", "reset", "file"],
  data() {
    return { over: false, busy: "", wrong: "", few: FEW, controls: CONTROLS };
  },
  computed: {
    choices() {
      return this.lists[this.f.list] || [];
    },
    isFile() {
      return this.f.kind in ACCEPT;
    },
    isNumber() {
      return (this.f.kind === "int" || this.f.kind === "float") && !this.f.wide;
    },
    slides() {
      return this.isNumber && this.f.slider;
    },
    at() {
      const [low, high] = this.f.slider;
      return high > low ? Math.min(Math.max(((this.f.value - low) / (high - low)) * 100, 0), 100) : 0;
    },
    range() {
      return { min: this.f.min, max: this.f.max, step: this.f.kind === "int" ? 1 : "any" };
    },
    accept() {
      return ACCEPT[this.f.kind];
    },
    changed() {
      return this.f.value !== this.f.own || this.f.file;
    },
    fileName() {
      return this.f.file ? this.f.file.name : this.f.value;
    },
  },
  mounted() {
    this.grow();
  },
  updated() {
    this.grow();
  },
  methods: {
    typed(text) {
      this.$emit("set", { id: this.f.id, value: text, later: true });
    },
    now(text) {
      this.$emit("set", { id: this.f.id, value: text });
    },
    grow() {
      const area = this.$refs.area;
      if (!area || !area.offsetParent) return;
      area.style.height = "auto";
      area.style.height = Math.min(area.scrollHeight + 2, 320) + "px";
    },
    async send(file) {
      if (!file || this.busy) return;
      this.busy = "Reading " + file.name;
      this.wrong = "";
      try {
        const answer = await fetch("/uploads/" + encodeURIComponent(file.name || "file"), { method: "PUT", body: file });
        const said = await answer.json();
        if (answer.ok) this.$emit("file", { id: this.f.id, upload: said.id });
        else this.wrong = said.error;
      } catch {
        this.wrong = "The file could not be read.";
      }
      this.busy = "";
    },
  },
};

export default {
  components: { Param },
  template: `
    <div>
      <div class="vg-params"><Param v-for="f in first" :key="f.id" :f="f" :lists="lists" :uid="uid(f)" v-on="on" /></div>
      <p v-if="!rows.length" class="vg-muted">This workflow has nothing to set.</p>
      <p v-else-if="!first.length" class="vg-muted">Pin what you change often with its star: it moves up here.</p>
      <details v-if="rest.length" ref="all" class="vg-details" :open="opened" @toggle="opened = $event.target.open">
        <summary><i class="ico ico-chevron"></i>All parameters<span class="vg-muted vg-num">{{ rest.length }}</span></summary>
        <template v-if="opened">
          <label v-if="rest.length > 8" class="vg-search vg-params-search"><i class="ico ico-search"></i><input v-model="text" type="search" placeholder="Search by name or node" aria-label="Search parameters" @keydown.escape="text = ''" /></label>
          <section v-for="g in groups" :key="g.key" class="vg-group"><h3><bdi>{{ g.title }}</bdi> <small class="vg-muted">{{ g.node }}</small></h3><div class="vg-params"><Param v-for="f in g.rows" :key="f.id" :f="f" :lists="lists" :uid="uid(f)" v-on="on" /></div></section>
          <p v-if="!groups.length" class="vg-muted">Nothing fits.</p>
        </template>
      </details>
    </div>`,
  props: { initial: Object },
  emits: ["ready", "set", "control", "star", "dice", "reset", "file", "run"],
  data() {
    return { rows: this.initial.rows, lists: this.initial.lists, opened: !this.initial.rows.some((f) => f.role || f.star), text: "" };
  },
  computed: {
    first() {
      return [...this.rows.filter((f) => f.star), ...this.rows.filter((f) => f.role && !f.star)];
    },
    rest() {
      return this.rows.filter((f) => !f.role && !f.star);
    },
    groups() {
      const words = this.text.toLowerCase().split(/\s+/).filter(Boolean), groups = new Map();
      for (const f of this.rest) {
        if (!words.every((w) => (f.label + " " + f.node + " " + f.id).toLowerCase().includes(w))) continue;
        const key = f.id.slice(0, f.id.indexOf("."));
        if (!groups.has(key)) groups.set(key, { key, title: f.node, node: "node " + key, rows: [] });
        groups.get(key).rows.push(f);
      }
      return [...groups.values()];
    },
    on() {
      return { set: this.set, control: (e) => this.pass("control", e), star: (e) => this.pass("star", e), dice: (e) => this.pass("dice", e), reset: (e) => this.pass("reset", e), file: (e) => this.pass("file", e) };
    },
  },
  mounted() {
    this.changes = 0; // counted, so that what the app sends tells which of them it knows
    this.waiting = {};
    this.newer = {};
    this.key = (e) => {
      if (e.key !== "Enter" || !(e.ctrlKey || e.metaKey) || e.repeat || document.querySelector(".vg-veil, .q-dialog__inner")) return;
      e.preventDefault();
      this.flush();
      this.$emit("run");
    };
    document.addEventListener("keydown", this.key);
    this.stray = (e) => e.preventDefault(); // a file that misses its place must not replace the page
    for (const name of ["dragover", "drop"]) document.addEventListener(name, this.stray);
    this.$emit("ready");
  },
  unmounted() {
    for (const name of ["dragover", "drop"]) document.removeEventListener(name, this.stray);
    this.flush();
    document.removeEventListener("keydown", this.key);
  },
  methods: {
    uid(f) {
      return "vg-f-" + f.id;
    },
    show(data, known) {
      Object.assign(this, { rows: data.rows.map((f) => this.merged(f, known)), lists: data.lists, text: "" });
    },
    patch(rows, known) {
      for (const row of rows) {
        const at = this.rows.findIndex((f) => f.id === row.id);
        if (at >= 0) this.rows[at] = this.merged(row, known);
      }
    },
    merged(row, known) {
      const own = this.newer[row.id]; // what was typed may be newer than what the app knows
      if (own && own.at > known) return { ...row, value: own.value };
      delete this.newer[row.id];
      return row;
    },
    go(id) {
      const hidden = this.rest.some((f) => f.id === id);
      if (hidden && this.$refs.all) this.$refs.all.open = this.opened = true;
      this.text = "";
      this.$nextTick(() => {
        const field = document.getElementById("vg-f-" + id);
        field?.scrollIntoView({ block: "center" });
        field?.focus({ preventScroll: true });
      });
    },
    set(change) {
      const row = this.rows.find((f) => f.id === change.id);
      if (row) row.value = change.value;
      this.waiting[change.id] = change.value;
      this.newer[change.id] = { at: ++this.changes, value: change.value };
      clearTimeout(this.wait);
      if (change.later) this.wait = setTimeout(this.flush, 300);
      else this.flush();
    },
    flush() {
      clearTimeout(this.wait);
      const changes = Object.entries(this.waiting || {});
      this.waiting = {};
      if (changes.length) this.$emit("set", { changes, at: this.changes });
    },
    pass(name, what) {
      this.flush();
      this.$emit(name, what);
    },
  },
};
