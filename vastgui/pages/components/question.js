// A blocked run asks: the question, what was seen, and one button per answer.
export default {
  template: `
    <section v-if="q" class="vg-note vg-ask" :class="q.warns ? 'tone-bad' : 'tone-wait'" role="alert" aria-label="The run waits for your answer">
      <i class="ico" :class="q.warns ? 'ico-warning' : 'ico-question'"></i>
      <div class="vg-grow">
        <p><b>{{ q.text }}</b></p>
        <dl v-if="q.details.length" class="vg-prints"><template v-for="d in q.details" :key="d[0]"><dt>{{ d[0] }}</dt><dd>{{ d[1] }}</dd></template></dl>
        <div class="vg-actions"><button v-for="(c, n) in q.choices" :key="c.value" type="button" :class="['vg-btn', n === 0 ? 'is-primary' : '', n === 0 && q.warns ? 'is-danger' : '']" :disabled="sent" @click="answer(c.value)">{{ c.label }}</button></div>
      </div>
    </section>`,
  props: { question: Object },
  emits: ["ready", "answer"],
  data() {
    return { q: this.question, sent: false };
  },
  mounted() {
    this.$emit("ready");
  },
  methods: {
    patch(question) {
      if (question?.ask_id !== this.q?.ask_id) this.sent = false;
      this.q = question;
    },
    answer(choice) {
      this.sent = true;
      this.$emit("answer", { ask_id: this.q.ask_id, choice });
    },
    release() {
      this.sent = false;
    },
  },
};
