// The log of one step: only the lines in sight are in the page; older ones come on demand.
const ROW = 18, KEPT = 20000, MARGIN = 12;
export default {
  template: `
    <div class="vg-log">
      <div class="vg-card-title"><span>Log</span><span class="vg-muted vg-clip vg-grow">{{ title }}</span>
        <button v-if="!tailing && lines.length" class="vg-btn is-quiet" type="button" @click="toEnd"><i class="ico ico-down"></i>Follow</button>
        <slot></slot>
      </div>
      <div class="vg-log-view" ref="view" tabindex="0" role="log" aria-label="Log of the step" @scroll.passive="scrolled">
        <div v-if="!lines.length" class="vg-log-empty">{{ empty }}</div>
        <div v-else :style="{ height: lines.length * 18 + 'px', width: width + 'ch' }">
          <div v-for="n in range" :key="first + n" :class="['vg-log-line', kind(lines[n])]" :style="{ top: n * 18 + 'px' }">{{ lines[n] }}</div>
        </div>
      </div>
    </div>`,
  emits: ["ready", "older"],
  data() {
    return { lines: [], first: 0, start: 0, title: "", empty: "", top: 0, height: 400, tailing: true, asked: false, width: 0 };
  },
  mounted() {
    this.size = new ResizeObserver(() => { this.height = this.$refs.view.clientHeight; if (this.tailing) this.toEnd(); });
    this.size.observe(this.$refs.view);
    this.$emit("ready");
  },
  unmounted() {
    this.size.disconnect();
  },
  computed: {
    range() {
      const from = Math.max(Math.floor(this.top / ROW) - MARGIN, 0);
      const to = Math.min(Math.ceil((this.top + this.height) / ROW) + MARGIN, this.lines.length);
      return Array.from({ length: Math.max(to - from, 0) }, (_, k) => from + k);
    },
  },
  methods: {
    show(title, piece, empty) {
      Object.assign(this, { title, empty, lines: piece.lines, start: piece.start, first: 0, tailing: true, asked: false });
      this.measure(piece.lines, true);
      this.$nextTick(this.toEnd);
    },
    append(lines) {
      this.lines.push(...lines);
      this.measure(lines);
      const over = this.lines.length - KEPT;
      if (over > 0 && this.tailing) {
        this.lines.splice(0, over);
        this.first += over;
        this.start = -1; // what was dropped is no longer asked for
      }
      if (this.tailing) this.$nextTick(this.toEnd);
    },
    prepend(piece) {
      this.asked = false;
      this.start = piece.start;
      this.lines.unshift(...piece.lines);
      this.first -= piece.lines.length;
      this.measure(piece.lines);
      this.$nextTick(() => (this.$refs.view.scrollTop += piece.lines.length * ROW));
    },
    measure(lines, anew) {
      this.width = lines.reduce((most, line) => Math.max(most, line.length + 4), anew ? 0 : this.width);
    },
    toEnd() {
      const view = this.$refs.view;
      if (view) view.scrollTop = view.scrollHeight;
      this.tailing = true;
    },
    scrolled() {
      const view = this.$refs.view;
      this.top = view.scrollTop;
      this.tailing = view.scrollTop + view.clientHeight >= view.scrollHeight - ROW;
      if (view.scrollTop < 200 && this.start > 0 && !this.asked) {
        this.asked = true;
        this.$emit("older");
      }
    },
    kind(line) {
      if (/\b(error|fatal|failed|traceback)\b/i.test(line)) return "is-bad";
      if (/\bwarn(ing)?\b/i.test(line)) return "is-wait";
      return /^[$>#] /.test(line) ? "is-cmd" : "";
    },
  },
};
