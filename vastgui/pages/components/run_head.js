// What stands above a run: name, status, what can be done, and what the user should know.
export default {
  template: `
    <div>
      <header class="vg-head">
        <h1 class="vg-title">{{ h.label }}</h1>
        <span :class="['vg-chip', 'is-tone', 'tone-' + h.tone]" role="status"><i :class="['vg-dot', h.tone === 'run' ? 'is-live' : '']"></i>{{ h.word }}</span>
        <span v-if="h.attempt > 1" class="vg-chip">attempt {{ h.attempt }}</span>
        <span class="vg-grow"></span>
        <div class="vg-actions">
          <a v-if="h.address" class="vg-btn is-primary" :href="h.address" target="_blank" rel="noopener noreferrer"><i class="ico ico-link"></i>Open {{ h.address.replace('http://', '') }}</a>
          <a v-if="h.next" class="vg-btn is-primary" :href="h.next"><i class="ico ico-generate"></i>Generate</a>
          <button v-for="a in h.actions" :key="a.verb" type="button" :class="['vg-btn', a.look]" :disabled="busy === a.verb" @click="act(a.verb, $event.currentTarget)"><i :class="'ico ico-' + a.icon"></i>{{ a.label }}</button>
        </div>
      </header>
      <div class="vg-facts">
        <span v-if="h.connection" :title="h.connection_full"><i class="ico ico-link"></i> <b>{{ h.connection }}</b></span>
        <span v-if="h.instance">instance <b>{{ h.instance }}</b></span>
        <span v-if="h.started_at">started <b>{{ clock(h.started_at) }}</b></span>
        <span v-if="h.started_at" class="vg-num">{{ h.live ? 'running for' : 'took' }} <b>{{ span((h.ended_at || now) - h.started_at) }}</b></span>
        <span class="vg-num"><b>{{ Math.floor(h.percent) }}%</b></span>
        <span v-if="usage" class="vg-num">{{ usage }}</span>
        <a v-if="h.continues" :href="'/run/' + h.continues">continues an earlier run</a>
        <span class="vg-muted vg-mono" title="Id of this run">{{ h.id }}</span>
      </div>
      <div :class="['vg-total', 'tone-' + h.tone]"><div class="vg-bar" role="progressbar" aria-label="Progress of the run" :aria-valuenow="h.percent" aria-valuemin="0" aria-valuemax="100"><i :style="{ width: h.percent + '%' }"></i></div></div>
      <div v-if="h.silent" class="vg-note tone-bad" role="alert"><i class="ico ico-warning"></i><div><p>{{ h.silent }}</p><p>The run's process is there, but gives no sign of life. Wait, or force it to stop.</p></div></div>
      <div v-if="h.waits" class="vg-note tone-wait" role="status"><i class="ico ico-pause"></i><p>This run {{ h.waits }}. It starts by itself when its turn comes.</p></div>
      <div v-if="h.link" class="vg-note tone-wait" role="status"><i class="ico ico-again"></i><div><p>{{ h.link }}</p><p>Jobs on the instance go on meanwhile.</p></div></div>
      <div v-if="!h.live && h.error" :class="['vg-note', h.tone === 'off' ? 'tone-wait' : 'tone-bad']" role="alert"><i class="ico ico-warning"></i><div><p>{{ h.error }}</p><p v-if="h.cause">{{ h.cause }}</p><p v-if="h.hint">{{ h.hint }}</p></div></div>
      <div v-if="h.damaged" class="vg-note tone-wait"><i class="ico ico-warning"></i><p>{{ h.damaged }}</p></div>
      <div v-if="banner && h.goes_on" class="vg-note tone-run"><i class="ico ico-check"></i><p class="vg-grow">Reconnected: {{ h.place }}. You can close this page, the run goes on.</p><button class="vg-icon" type="button" aria-label="Hide this message" @click="banner = false"><i class="ico ico-cross"></i></button></div>
    </div>`,
  props: { head: Object, reconnected: Boolean },
  emits: ["ready", "act"],
  data() {
    return { h: this.head, usage: "", banner: this.reconnected, busy: "", now: Date.now() / 1000 };
  },
  mounted() {
    this.timer = setInterval(() => (this.now = Date.now() / 1000), 1000);
    this.$emit("ready");
  },
  unmounted() {
    clearInterval(this.timer);
  },
  methods: {
    patch(head, usage) {
      if (JSON.stringify(head.actions) !== JSON.stringify(this.h.actions)) this.busy = "";
      this.h = head;
      this.usage = usage;
    },
    release() {
      this.busy = "";
      this.$nextTick(() => this.pressed?.focus()); // a button that is disabled loses the focus
    },
    act(verb, button) {
      this.pressed = button;
      this.busy = verb;
      this.$emit("act", verb);
    },
    clock(at) {
      const d = new Date(at * 1000), today = d.toDateString() === new Date().toDateString();
      const time = d.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      return today ? time : d.toLocaleDateString([], { day: "numeric", month: "short" }) + ", " + time;
    },
    span(t) {
      const s = Math.max(Math.round(t), 0), two = (n) => String(n).padStart(2, "0");
      if (s < 60) return s + " s";
      return s < 3600 ? Math.floor(s / 60) + " m " + two(s % 60) + " s" : Math.floor(s / 3600) + " h " + two(Math.floor((s % 3600) / 60)) + " m";
    },
  },
};
