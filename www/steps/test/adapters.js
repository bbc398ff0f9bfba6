// @ts-check
/** The way to and from Hugging Face PEFT: saves the chosen prompt as an adapter, and opens adapters. */
import { openAdapter, openHubAdapter, saveAdapter } from '../../adapters.js';
import { activePrefix, activePrompt, model } from '../../state.js';
import { useSuccessor } from '../../focus.js';
import { Button, Field, html, useRef, useSignal } from '../../ui.js';

export function Adapters() {
  const input = useRef(/** @type {HTMLInputElement|null} */ (null));
  const group = useRef(/** @type {HTMLElement|null} */ (null));
  useSuccessor(group, 'button:enabled');
  const prompt = activePrompt.value;
  const ready = model.value.status === 'ready';
  const onFiles = (/** @type {{currentTarget: HTMLInputElement}} */ event) => {
    const files = [...(event.currentTarget.files ?? [])];
    event.currentTarget.value = '';
    if (files.length > 0) void openAdapter(files);
  };
  return html`
    <section class="adapters" ref=${group} tabindex="-1" aria-labelledby="adapters-title">
      <h3 class="part-title" id="adapters-title">To and from Hugging Face PEFT</h3>
      ${prompt && html`<${Button} icon="download" disabled=${!ready} onClick=${() => void saveAdapter(activePrefix.value, prompt)}>Save for PEFT<//>`}
      <${Button} icon="import" disabled=${!ready} onClick=${() => input.current?.click()}>Open a PEFT adapter<//>
      <input ref=${input} type="file" multiple class="visually-hidden" tabindex="-1" aria-hidden="true" accept=".zip,.json,.safetensors,.bin" onChange=${onFiles} />
      <p class="field-help">The zip is a folder that <code>PeftModel.from_pretrained</code> loads. To open one, choose a zip, or adapter_config.json and adapter_model.safetensors together.</p>
      <${FromHub} />
    </section>`;
}

function FromHub() {
  const [name, busy] = [useSignal(''), useSignal(false)];
  const open = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    if (await openHubAdapter(name.value)) name.value = '';
    busy.value = false;
  };
  return html`
    <details class="adapters-hub">
      <summary>Open an adapter of the Hugging Face hub</summary>
      <form class="adapters-form" onSubmit=${open}>
        <${Field} label="Repository of the adapter">
          <input type="text" autocomplete="off" autocapitalize="off" spellcheck=${false} placeholder="owner/name" value=${name.value}
            onInput=${(/** @type {any} */ event) => { name.value = event.currentTarget.value; }} />
        <//>
        <${Button} type="submit" disabled=${model.value.status !== 'ready'} inactive=${busy.value}>${busy.value ? 'Opening …' : 'Open'}<//>
      </form>
    </details>`;
}
