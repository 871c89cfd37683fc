// The list of runs: one page of rows, patched live; search, filter, pin, delete with undo.
const FILTERS = [["", "All"], ["live", "Running"], ["completed", "Completed"], ["failed", "Failed"], ["crashed", "Crashed"], ["cancelled", "Stopped"]];
export default {
  template: `
    <div>
      <div class="vg-tools">
        <label class="vg-search"><i class="ico ico-search"></i><input ref="search" v-model="text" type="search" placeholder="Search name, connection, error, id" aria-label="Search runs" @input="typed" @keydown.escape="clear" /><span v-if="!text" class="vg-kbd">/</span></label>
        <div class="vg-filters" role="group" aria-label="Filter by status"><button v-for="f in filters" :key="f[0]" type="button" class="vg-filter" :aria-pressed="status === f[0]" @click="pick(f[0])">{{ f[1] }}</button></div>
      </div>
      <div class="vg-card vg-table" :aria-busy="loading">
        <div v-for="r in rows" :key="r.id" class="vg-row" :class="'tone-' + r.tone">
          <span class="vg-row-status"><i :class="['vg-dot', r.tone === 'run' ? 'is-live' : '']"></i>{{ r.word }}</span>
          <span class="vg-row-main">
            <b><a :href="'/run/' + r.id">{{ r.label }}</a></b> <span v-if="r.kind" class="vg-tag">{{ r.kind }}</span>
            <small class="vg-clip" :title="r.error">{{ [r.connection, r.error ? '' : r.place].filter(Boolean).join(' · ') }}<template v-if="r.error">{{ r.connection ? ' · ' : '' }}<i>{{ r.error }}</i></template></small>
            <button v-if="r.silent" type="button" class="vg-btn is-danger vg-row-force" :aria-label="'Force ' + r.label + ' to stop'" @click="$emit('force', r.id)"><i class="ico ico-warning"></i>Force stop</button>
            <div v-if="r.live && !r.silent" class="vg-bar"><i :style="{ width: r.percent + '%' }"></i></div>
          </span>
          <span class="vg-row-when" :title="full(r.started_at)">{{ when(r.started_at) }}</span>
          <span class="vg-row-long">{{ long(r) }}</span>
          <span class="vg-row-acts">
            <button type="button" class="vg-icon" :class="r.pinned ? 'is-on' : ''" :aria-pressed="r.pinned" :title="r.pinned ? 'Unpin' : 'Pin: never deleted by age or count'" :aria-label="(r.pinned ? 'Unpin ' : 'Pin ') + r.label" @click="$emit('pin', { id: r.id, on: !r.pinned })"><i class="ico ico-pin"></i></button>
            <button v-if="!r.live" type="button" class="vg-icon" title="Delete" :aria-label="'Delete ' + r.label" @click="$emit('remove', r.id)"><i class="ico ico-trash"></i></button>
          </span>
        </div>
        <div v-if="!rows.length && !loading" class="vg-empty">
          <i class="ico" :class="problem ? 'ico-warning' : 'ico-empty'"></i>
          <b>{{ problem || (text || status ? 'No run fits' : 'No runs yet') }}</b>
          <template v-if="!problem">{{ text || status ? 'Try another word or status.' : 'A setup that you start is kept here, with every step and its log.' }}</template>
          <br v-if="!problem"/><a v-if="!text && !status && !problem" class="vg-btn is-primary" href="/">Set up an instance</a>
        </div>
        <div v-if="!rows.length && loading" class="vg-empty">Loading…</div>
      </div>
      <div v-if="page || more" class="vg-pages">
        <button type="button" class="vg-btn" :disabled="!page" @click="turn(-1)">Newer</button><span>Page {{ page + 1 }}</span><button type="button" class="vg-btn" :disabled="!more" @click="turn(1)">Older</button>
      </div>
      <div v-if="undo" class="vg-toast" role="status">Deleted “{{ undo.label }}”.<button type="button" @click="$emit('undo', undo.id); undo = null">Undo</button></div>
    </div>`,
  props: { initial: Object },
  emits: ["ready", "query", "pin", "remove", "undo", "force"],
  data() {
    return { ...this.initial, loading: true, problem: "", text: "", status: "", undo: null, filters: FILTERS, now: Date.now() / 1000 };
  },
  mounted() {
    this.timer = setInterval(() => (this.now = Date.now() / 1000), 1000);
    this.slash = (e) => {
      if (e.key === "/" && !/INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName)) { e.preventDefault(); this.$refs.search.focus(); }
    };
    document.addEventListener("keydown", this.slash);
    this.$emit("ready");
  },
  unmounted() {
    clearInterval(this.timer);
    clearTimeout(this.wait);
    clearTimeout(this.hide);
    document.removeEventListener("keydown", this.slash);
  },
  methods: {
    show(data) {
      Object.assign(this, data, { loading: false });
    },
    patch(rows) {
      for (const row of rows) {
        const at = this.rows.findIndex((r) => r.id === row.id);
        if (at >= 0) this.rows[at] = row;
      }
    },
    removed(id, label) {
      this.undo = { id, label };
      clearTimeout(this.hide);
      this.hide = setTimeout(() => (this.undo = null), 12000);
    },
    typed() {
      clearTimeout(this.wait);
      this.wait = setTimeout(() => this.ask(0), 150);
    },
    clear() {
      this.text = "";
      this.ask(0);
    },
    pick(status) {
      this.status = status;
      this.ask(0);
    },
    turn(by) {
      this.ask(this.page + by);
    },
    ask(page) {
      this.loading = true;
      this.$emit("query", { text: this.text, status: this.status, page });
    },
    long(r) {
      const t = r.live && r.started_at ? this.now - r.started_at : r.duration_s;
      if (t === null || t === undefined) return "";
      const s = Math.max(Math.round(t), 0), two = (n) => String(n).padStart(2, "0");
      if (s < 60) return s + " s";
      return s < 3600 ? Math.floor(s / 60) + " m " + two(s % 60) + " s" : Math.floor(s / 3600) + " h " + two(Math.floor((s % 3600) / 60)) + " m";
    },
    when(at) {
      if (!at) return "";
      const d = new Date(at * 1000), ago = this.now - at;
      if (ago < 60) return "just now";
      if (ago < 3600) return Math.floor(ago / 60) + " min ago";
      const time = d.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      return d.toDateString() === new Date().toDateString() ? time : d.toLocaleDateString([], { day: "numeric", month: "short" }) + ", " + time;
    },
    full(at) {
      return at ? new Date(at * 1000).toLocaleString() : "";
    },
  },
};
