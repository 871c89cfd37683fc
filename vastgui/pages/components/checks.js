// The preflight: one line a check, green, amber or red by dot and word, with what to do.
export default {
  template: `
    <section v-if="rows.length || waiting" class="vg-card">
      <div class="vg-card-title"><span>Checks</span><span class="vg-muted vg-grow" role="status">{{ waiting || summary }}</span>
        <button v-if="rows.length > bad.length && (quiet || bad.length)" type="button" class="vg-btn is-quiet" @click="all = !all">{{ all ? 'Show fewer' : 'Show all ' + rows.length }}</button></div>
      <div v-if="waiting && !rows.length" class="vg-bar is-unknown"><i></i></div>
      <ul v-if="shown.length" class="vg-checks">
        <li v-for="r in shown" :key="r.name" :class="['vg-check', 'tone-' + r.tone]">
          <i class="vg-dot"></i><span class="vg-check-word">{{ r.word }}</span>
          <div><b>{{ r.name }}</b> <span>{{ r.message }}</span><small v-if="r.fix">{{ r.fix }}</small></div>
        </li>
      </ul>
    </section>`,
  props: { checks: Array, busy: String, quiet: Boolean },
  emits: ["ready"],
  data() {
    return { rows: this.checks || [], waiting: this.busy || "", all: false };
  },
  mounted() {
    this.$emit("ready");
  },
  computed: {
    bad() {
      return this.rows.filter((r) => r.tone !== "ok");
    },
    shown() {
      return !this.all && (this.quiet || (this.bad.length && !this.waiting)) ? this.bad : this.rows;
    },
    summary() {
      const stops = this.rows.filter((r) => r.tone === "bad").length;
      if (stops) return stops === 1 ? "1 stops the run" : stops + " stop the run";
      return this.bad.length ? this.bad.length + " to look at, " + (this.rows.length - this.bad.length) + " fine" : "All " + this.rows.length + " fine";
    },
  },
  methods: {
    patch(rows, waiting) {
      this.rows = rows;
      this.waiting = waiting;
    },
  },
};
