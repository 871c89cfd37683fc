// A run's prompt at a glance: what it does, how far, the live picture, seeds, and why it failed.
export default {
  template: `
    <section v-if="g" class="vg-card vg-gen">
      <div class="vg-card-title"><span class="vg-clip" :title="g.workflow"><bdi>{{ g.workflow || 'ComfyUI' }}</bdi></span><span class="vg-muted vg-grow vg-clip">{{ g.version ? 'ComfyUI ' + g.version : '' }}</span>
        <span v-if="g.total" class="vg-muted vg-num">{{ g.done }} of {{ g.total }} nodes{{ g.took ? ' · ' + g.took : '' }}</span></div>
      <div v-if="g.failure" :class="['vg-note', 'tone-' + g.failure.tone]" role="alert"><i class="ico ico-warning"></i>
        <div class="vg-grow"><p><b>{{ g.failure.title }}</b><template v-if="g.failure.node && !g.failure.named"> At <b><bdi>{{ g.failure.node }}</bdi></b>.</template></p>
          <p v-if="g.failure.error" class="vg-lines">{{ g.failure.error }}</p><p v-if="g.failure.hint">{{ g.failure.hint }}</p>
          <details v-if="g.failure.trace.length" class="vg-trace"><summary><i class="ico ico-chevron"></i>Traceback{{ g.failure.type ? ' of ' + g.failure.type : '' }}</summary><pre tabindex="0">{{ g.failure.trace.join('\\n') }}</pre></details>
        </div></div>
      <div v-if="g.requeued" class="vg-note tone-wait"><i class="ico ico-again"></i><p>The instance had forgotten the prompt (ComfyUI was restarted), so it was queued again{{ g.requeued > 1 ? ' ' + g.requeued + ' times' : '' }}.</p></div>
      <div v-if="g.live && g.phase" class="vg-phase" role="status"><i class="vg-dot is-live tone-run"></i><span class="vg-clip vg-grow" :title="g.phase">{{ g.phase }}</span><span class="vg-muted vg-num">{{ g.eta }}</span></div>
      <figure v-if="g.preview && shown" class="vg-preview"><img :src="shown" alt="Live preview" /><figcaption class="vg-clip">Live<template v-if="g.preview.node"> · <bdi>{{ g.preview.node }}</bdi></template></figcaption></figure>
      <slot></slot>
      <p v-if="g.text" class="vg-asked" :title="g.text"><bdi>{{ g.text }}</bdi></p>
      <dl v-if="g.seeds.length" class="vg-seeds"><template v-for="s in g.seeds" :key="s.id"><dt :title="s.id">{{ g.seeds.length > 1 && s.node ? 'Seed · ' + s.node : 'Seed' }}</dt><dd><button type="button" class="vg-copy vg-mono" title="Copy this seed" @click="copy(s.value)">{{ s.value }}<i :class="'ico ico-' + (copied === s.value ? 'check' : 'copy')"></i></button></dd></template></dl>
      <div class="vg-actions vg-gen-acts">
        <a class="vg-btn" :href="'/generate?run=' + g.id"><i class="ico ico-sliders"></i>Run with changes</a>
        <button type="button" class="vg-btn is-quiet" @click="$emit('record')"><i :class="'ico ico-' + (copied === 'record' ? 'check' : 'copy')"></i>Copy as JSON</button>
        <button type="button" class="vg-btn is-quiet" @click="$emit('folder')"><i class="ico ico-folder"></i>Open folder</button>
        <button v-for="a in g.acts" :key="a.verb" type="button" class="vg-btn is-quiet" @click="$emit('act', a.verb)"><i :class="'ico ico-' + a.icon"></i>{{ a.label }}</button>
      </div>
    </section>`,
  props: { generation: Object },
  emits: ["ready", "record", "folder", "act"],
  data() {
    return { g: this.generation, shown: "", copied: "" };
  },
  mounted() {
    this.load();
    this.$emit("ready");
  },
  unmounted() {
    clearTimeout(this.forget);
  },
  methods: {
    patch(generation) {
      this.g = generation;
      this.load();
    },
    load() {
      // the next picture is shown once it is decoded, so that nothing flickers; late ones are dropped
      const src = this.g?.preview?.src;
      if (!src || src === this.asked) return;
      this.asked = src;
      const picture = new Image();
      picture.src = src;
      picture.decode().then(() => { if (this.asked === src || !this.shown) this.shown = src; }, () => {});
    },
    async copy(text, name = text) {
      if (!(await this.put(text))) return;
      this.copied = name;
      clearTimeout(this.forget);
      this.forget = setTimeout(() => (this.copied = ""), 2000);
    },
    async put(text) {
      try {
        await navigator.clipboard.writeText(text);
        return true;
      } catch {
        // a window without the clipboard API, or a click that lies too far back
        const area = document.createElement("textarea");
        area.value = text;
        document.body.append(area);
        area.select();
        const done = document.execCommand("copy");
        area.remove();
        return done;
      }
    },
    record(text) {
      this.copy(text, "record");
    },
  },
};
