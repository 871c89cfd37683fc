// The step rail. `plan`: steps to come, with a switch each. Otherwise: a run, patched live.
// Elapsed times tick here; the server sends nothing for them.
export default {
  template: `
    <ol role="list" :class="plan ? 'is-plan' : ''" :aria-label="plan ? 'Steps of this template' : 'Steps of this run'">
      <li v-for="s in rows" :key="s.i" :class="classes(s)" :aria-current="s.status === 'in_progress' ? 'step' : null">
        <span class="vg-knob" aria-hidden="true"><i v-if="icon(s)" :class="'ico ico-' + icon(s)"></i><template v-else>{{ s.i + 1 }}</template></span>
        <div>
          <component :is="plan ? 'div' : 'button'" class="vg-step-line" :type="plan ? null : 'button'" :title="plan ? null : 'Show this step\\'s log'" @click="plan || $emit('select', s.i)">
            <span class="vg-step-name"><span class="vg-step-label">{{ s.label }}<span class="vg-sr"> ({{ word(s) }})</span></span><span v-if="tag(s)" :class="['vg-tag', s.outcome === 'partial' ? 'tone-wait' : '']">{{ tag(s) }}</span></span>
            <span v-if="!plan" class="vg-step-time">{{ time(s) }}</span>
            <span v-if="s.message" class="vg-step-msg" :title="s.message">{{ s.message }}</span>
            <input v-if="plan" class="vg-switch" type="checkbox" role="switch" :checked="s.on" :disabled="locked" :aria-label="'Run step ' + s.label" @change="$emit('toggle', { i: s.i, on: $event.target.checked })" />
          </component>
          <div v-if="!plan" class="vg-step-body">
            <div v-if="s.status === 'in_progress'" :class="['vg-bar', s.percent === null ? 'is-unknown' : '']" role="progressbar" :aria-valuenow="s.percent" aria-valuemin="0" aria-valuemax="100"><i :style="s.percent === null ? null : { width: s.percent + '%' }"></i></div>
            <div v-if="s.retry" class="vg-error is-wait">{{ s.retry }}<small>Trying again in {{ until(s.retry_at) }} (attempt {{ s.attempt + 1 }}).</small></div>
            <div v-if="s.error" class="vg-error">{{ s.error }}<small v-if="s.hint">{{ s.hint }}</small></div>
            <div v-for="(item, n) in shown(s)" :key="n" :class="['vg-item', 'is-' + item.status]">
              <i :class="'ico ico-' + mark(item)" aria-hidden="true"></i>
              <span :title="item.label">{{ item.label }}<span class="vg-sr"> ({{ item.status }})</span></span>
              <small v-if="item.percent !== null && item.status === 'active'" class="vg-num">{{ item.percent }}%</small>
              <small class="vg-clip vg-grow" :title="item.message">{{ item.message }}</small>
            </div>
            <button v-if="hidden(s)" class="vg-more" type="button" @click="toggle(s.i)">{{ open[s.i] ? 'Show less' : 'All ' + s.items.length + ' lines' }}</button>
          </div>
        </div>
      </li>
    </ol>`,
  props: { steps: Array, plan: Boolean, locked: Boolean, selected: Number },
  emits: ["ready", "select", "toggle"],
  data() {
    return { rows: this.steps || [], chosen: this.selected, open: {}, now: Date.now() / 1000 };
  },
  mounted() {
    this.clock = setInterval(() => (this.now = Date.now() / 1000), 250);
    this.$emit("ready");
  },
  unmounted() {
    clearInterval(this.clock);
  },
  watch: {
    selected(value) {
      this.chosen = value;
    },
    steps(value) {
      if (this.plan) this.rows = value;
    },
  },
  methods: {
    snapshot(rows, chosen) {
      this.rows = rows;
      this.chosen = chosen;
    },
    patch(changes) {
      for (const row of changes) this.rows[row.i] = row;
    },
    choose(step) {
      this.chosen = step;
    },
    classes(s) {
      const kind = s.outcome === "partial" && s.status === "completed" ? "partial" : s.status;
      const past = !this.plan && (s.status === "completed" || s.status === "skipped");
      return ["vg-step", "is-" + kind, { "is-past": past, "is-selected": !this.plan && this.chosen === s.i, "is-skipped": this.plan && !s.on }];
    },
    icon(s) {
      if (s.outcome === "partial" && s.status === "completed") return "warning";
      return { completed: "check", failed: "cross", in_progress: "play", skipped: "minus" }[s.status];
    },
    mark(item) {
      return { completed: "check", failed: "cross", active: "chevron", pending: "minus" }[item.status];
    },
    word(s) {
      return s.status.replace("_", " ");
    },
    tag(s) {
      return { nothing_to_do: "no change", partial: "partly" }[s.outcome] || "";
    },
    time(s) {
      if (this.plan) return "";
      if (s.status === "in_progress" && s.started_at) return this.span(this.now - s.started_at);
      return s.duration_s === null ? "" : this.span(s.duration_s);
    },
    until(at) {
      return this.span(Math.max(at - this.now, 0));
    },
    span(t) {
      if (t < 10) return Math.max(t, 0).toFixed(1) + " s";
      const s = Math.round(t), two = (n) => String(n).padStart(2, "0");
      if (s < 60) return s + " s";
      return s < 3600 ? Math.floor(s / 60) + " m " + two(s % 60) + " s" : Math.floor(s / 3600) + " h " + two(Math.floor((s % 3600) / 60)) + " m";
    },
    toggle(i) {
      this.open[i] = !this.open[i];
    },
    hidden(s) {
      return (s.status === "in_progress" || this.chosen === s.i) && s.items.length > (this.open[s.i] ? 0 : this.shown(s).length);
    },
    shown(s) {
      if (this.open[s.i]) return s.items;
      if (s.status === "in_progress" || this.chosen === s.i) {
        if (s.items.length <= 9) return s.items;
        const at = Math.max(s.items.findIndex((item) => item.status === "active"), 0);
        const from = Math.min(Math.max(at - 3, 0), s.items.length - 8);
        return s.items.slice(from, from + 8);
      }
      return s.items.filter((item) => item.status === "failed").slice(0, 8);
    },
  },
};
