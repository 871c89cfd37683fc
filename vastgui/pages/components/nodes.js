// The nodes of a prompt as a checklist. Rows are patched; long lists show the part that is at work.
const SHORT = 24, AROUND = 8;
export default {
  template: `
    <section v-if="rows.length" class="vg-card">
      <div class="vg-card-title"><span>Nodes</span><span class="vg-muted vg-num vg-grow">{{ done }} of {{ rows.length }} done</span>
        <button v-if="rows.length > short" type="button" class="vg-btn is-quiet" @click="all = !all">{{ all ? 'Show fewer' : 'Show all ' + rows.length }}</button></div>
      <ol role="list" class="vg-nodes" aria-label="Nodes of this prompt">
        <li v-if="from > 0" class="vg-node-gap vg-muted">{{ from }} more before</li>
        <li v-for="r in shown" :key="r.i" :class="['vg-node', 'tone-' + r.tone, 'is-' + r.status]" :aria-current="r.status === 'executing' ? 'step' : null">
          <i :class="['vg-dot', r.status === 'executing' ? 'is-live' : '']"></i>
          <span class="vg-node-name vg-clip" :title="r.title + ' · ' + r.type + ' · node ' + r.id"><bdi>{{ r.title }}</bdi><small v-if="r.type && r.type !== r.title"><bdi>{{ r.type }}</bdi></small></span>
          <span class="vg-node-word">{{ over && r.status === 'pending' ? 'not run' : r.word }}</span>
          <span class="vg-node-time vg-num">{{ time(r) }}</span>
          <span v-if="r.message" class="vg-node-msg" :title="r.message">{{ r.message }}</span>
          <div v-if="r.status === 'executing'" :class="['vg-bar', r.percent === null ? 'is-unknown' : '']" role="progressbar" :aria-label="r.title" :aria-valuenow="r.percent" aria-valuemin="0" aria-valuemax="100"><i :style="r.percent === null ? null : { width: r.percent + '%' }"></i></div>
        </li>
        <li v-if="to < rows.length" class="vg-node-gap vg-muted">{{ rows.length - to }} more after</li>
      </ol>
    </section>`,
  props: { nodes: Array, ended: Boolean },
  emits: ["ready"],
  data() {
    return { rows: this.nodes || [], over: this.ended, all: false, short: SHORT, now: Date.now() / 1000 };
  },
  mounted() {
    this.clock = setInterval(() => { if (this.active >= 0) this.now = Date.now() / 1000; }, 250);
    this.$emit("ready");
  },
  unmounted() {
    clearInterval(this.clock);
  },
  computed: {
    done() {
      return this.rows.filter((r) => r.status === "executed" || r.status === "cached").length;
    },
    active() {
      return this.rows.findIndex((r) => r.status === "executing");
    },
    centre() {
      if (this.active >= 0) return this.active;
      const failed = this.rows.findIndex((r) => r.status === "error");
      return failed >= 0 ? failed : this.rows.findLastIndex((r) => r.status !== "pending");
    },
    from() {
      if (this.all || this.rows.length <= SHORT) return 0;
      return Math.min(Math.max(this.centre - AROUND, 0), this.rows.length - SHORT);
    },
    to() {
      return this.all || this.rows.length <= SHORT ? this.rows.length : this.from + SHORT;
    },
    shown() {
      return this.rows.slice(this.from, this.to);
    },
  },
  methods: {
    snapshot(rows, over) {
      Object.assign(this, { rows, over });
    },
    patch(rows, over) {
      this.over = over;
      for (const row of rows) this.rows[row.i] = row;
    },
    time(r) {
      if (r.status === "executing" && r.started_at) return this.span(this.now - r.started_at);
      return r.took_s === null || r.status === "pending" ? "" : this.span(r.took_s);
    },
    span(t) {
      if (t < 10) return Math.max(t, 0).toFixed(1) + " s";
      const s = Math.round(t), two = (n) => String(n).padStart(2, "0");
      if (s < 60) return s + " s";
      return s < 3600 ? Math.floor(s / 60) + " m " + two(s % 60) + " s" : Math.floor(s / 3600) + " h " + two(Math.floor((s % 3600) / 60)) + " m";
    },
  },
};
