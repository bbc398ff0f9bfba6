// @ts-check
/**
 * What every step is built from: the template tag `html`, the signals, and the small shared components.
 * Steps import from here, not from vendor/, so that a library can be changed in one place
 * (uPlot is the exception: only the plots import it).
 */
import { cloneElement, Fragment, h, render } from './vendor/preact/preact.js';
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from './vendor/preact/hooks.js';
import { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from './vendor/signals/signals.js';
import htm from './vendor/htm/htm.js';

export { batch, computed, effect, Fragment, render, signal, untracked, useComputed, useSignal, useSignalEffect };
export { useEffect, useId, useLayoutEffect, useMemo, useRef, useState };

/** @typedef {import('./vendor/preact/preact.js').ComponentChildren} Children */
/** @typedef {import('./vendor/preact/preact.js').VNode<any>} Node */

/** JSX-like templates: html`<p>${text}</p>`. Text is always text, never markup.
 * @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = htm.bind(/** @type {any} */ (h));

/** @param {...(string|false|null|undefined)} names */
export const classes = (...names) => names.filter(Boolean).join(' ');

// ---------------------------------------------------------------- numbers and texts

/** Digits grouped by the reader's locale. @param {number} value @param {number} [digits] after the decimal point */
export const formatNumber = (value, digits = 0) =>
  Number.isFinite(value) ? value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }) : '–';

/** "1 row", "3 rows". @param {number} count @param {string} one @param {string} [many] */
export const plural = (count, one, many = `${one}s`) => `${formatNumber(count)} ${count === 1 ? one : many}`;

/** Bytes as kB or MB (powers of ten, as browsers show them). @param {number} bytes */
export const formatBytes = (bytes) =>
  bytes < 1e6 ? `${formatNumber(bytes / 1e3)} kB` : `${formatNumber(bytes / 1e6, 1)} MB`;

/** Seconds as "8 s" or "2 min 5 s". @param {number} seconds */
export const formatDuration = (seconds) => {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
};

const SHORT_LENGTH = 60;

/** So much of a text that it is recognised. @param {string} text */
export const shortened = (text) => (text.length > SHORT_LENGTH ? `${text.slice(0, SHORT_LENGTH - 1)}…` : text);

/** What an error says, for the person. @param {unknown} error */
export const sentenceOf = (error) => (error instanceof Error ? error.message : String(error));

// ---------------------------------------------------------------- icons

/** Paths on a 16 x 16 grid, drawn as strokes. */
/** Into a tray: from a file to the page, and from the page to a file. */
const INTO_TRAY = 'M8 2.5v7M5 7l3 3 3-3M3 12.5h10';
const ICONS = {
  plus: 'M8 3v10M3 8h10',
  copy: 'M6 6h7v7H6zM3 10V3h7',
  trash: 'M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.5 8.5h6l.5-8.5M7 7v3.5M9 7v3.5',
  up: 'M8 13V3.5M4 7l4-4 4 4',
  down: 'M8 3v9.5M4 9l4 4 4-4',
  left: 'M10 3L5 8l5 5',
  right: 'M6 3l5 5-5 5',
  undo: 'M6 3L3 6l3 3M3 6h6.5a3.5 3.5 0 010 7H6',
  redo: 'M10 3l3 3-3 3M13 6H6.5a3.5 3.5 0 000 7H10',
  import: INTO_TRAY,
  export: 'M8 10V2.5M5 5l3-3 3 3M3 12.5h10',
  download: INTO_TRAY,
  close: 'M4 4l8 8M12 4l-8 8',
  check: 'M3 8.5l3.2 3.2L13 5',
  play: 'M5 3.5v9l7-4.5z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  stop: 'M4.5 4.5h7v7h-7z',
  restart: 'M12.8 6.5A5 5 0 103 9M13 3v3.5H9.5',
  warning: 'M8 2.5l6 11H2zM8 6.5v3.2M8 11.4v.2',
  error: 'M8 2.2a5.8 5.8 0 110 11.6A5.8 5.8 0 018 2.2zM8 5v3.6M8 10.8v.2',
  info: 'M8 2.2a5.8 5.8 0 110 11.6A5.8 5.8 0 018 2.2zM8 7.4V11M8 5v.2',
  success: 'M8 2.2a5.8 5.8 0 110 11.6A5.8 5.8 0 018 2.2zM5.4 8.2l1.9 1.9 3.4-3.8',
  link: 'M6.8 9.2a2.6 2.6 0 003.7 0l2-2a2.6 2.6 0 00-3.7-3.7l-.8.8M9.2 6.8a2.6 2.6 0 00-3.7 0l-2 2a2.6 2.6 0 003.7 3.7l.8-.8',
  sun: 'M8 5.2a2.8 2.8 0 110 5.6 2.8 2.8 0 010-5.6zM8 1.5v1.6M8 12.9v1.6M1.5 8h1.6M12.9 8h1.6M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M3.4 12.6l1.1-1.1M11.5 4.5l1.1-1.1',
  moon: 'M12.9 9.6A5.4 5.4 0 016.4 3.1a5.4 5.4 0 106.5 6.5z',
  auto: 'M8 2.2a5.8 5.8 0 110 11.6A5.8 5.8 0 018 2.2zM8 2.2v11.6M10 3v10M12 4.6v6.8',
};

/** A decorative icon; the control that holds it carries the name.
 * @param {{name: keyof typeof ICONS}} props */
export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false"><path d=${ICONS[name]} /></svg>`;

// ---------------------------------------------------------------- components

/** The part of the page that belongs to one step of the chapter.
 * @param {{step: number, name: string, title: string, intro?: Children, children?: Children}} props
 *   `name`: the last part of its id, "step-dataset" for example */
export const Card = ({ step, name, title, intro, children }) => html`
  <section class="card" id=${`step-${name}`} aria-labelledby=${`step-${name}-title`} tabindex="-1">
    <header class="card-head">
      <p class="card-step">Step ${step}</p>
      <h2 class="card-title" id=${`step-${name}-title`}>${title}</h2>
      ${intro && html`<p class="card-intro">${intro}</p>`}
    </header>
    ${children}
  </section>`;

/** The cards that are there, in the order of the page. */
export const stepCards = () => [...document.querySelectorAll('.card[id^="step-"]')];

/** A choice of yes or no, kept in a signal. @param {{label: string, of: import('./vendor/signals/signals.js').Signal<boolean>}} props */
export const Toggle = ({ label, of }) => html`
  <label class="toggle"><input type="checkbox" checked=${of.value} onChange=${(/** @type {Event & {currentTarget: HTMLInputElement}} */ event) => { of.value = event.currentTarget.checked; }} /> ${label}</label>`;

/** A labelled control with a sentence of help and, where the value is wrong, a sentence about that.
 * The single child is the control; it gets the id and the aria attributes.
 * @param {{label: Children, help?: Children, error?: string|null, class?: string, children: Node}} props */
export const Field = ({ label, help, error, class: extra, children }) => {
  const id = useId();
  const described = classes(help ? `${id}-help` : null, error ? `${id}-error` : null);
  const control = cloneElement(children, {
    id: children.props.id ?? id,
    'aria-describedby': described || undefined,
    'aria-invalid': error ? 'true' : undefined,
  });
  return html`
    <div class=${classes('field', error && 'has-error', extra)}>
      <label class="field-label" for=${children.props.id ?? id}>${label}</label>
      ${control}
      ${error && html`<p class="field-error" id=${`${id}-error`}><${Icon} name="error" />${error}</p>`}
      ${help && html`<p class="field-help" id=${`${id}-help`}>${help}</p>`}
    </div>`;
};

/** @param {{kind?: 'primary'|'secondary'|'quiet'|'danger', icon?: keyof typeof ICONS, iconOnly?: boolean, inactive?: boolean, class?: string,
 *          onClick?: (event: any) => void, children?: Children, [attribute: string]: any}} props
 *   `iconOnly` hides the text from the eye and keeps it as the button's name and its tooltip; `inactive`: it does nothing for the
 *   moment, but keeps the focus, which a disabled button loses */
export const Button = ({ kind = 'secondary', icon, iconOnly, inactive = false, class: extra, onClick, children, ...rest }) => html`
  <button type="button" ...${rest} aria-disabled=${inactive ? 'true' : undefined} onClick=${inactive ? undefined : onClick} class=${classes('button', `button-${kind}`, iconOnly && 'button-icon', extra)}
    title=${rest.title ?? (iconOnly && typeof children === 'string' ? children : undefined)}>
    ${icon && html`<${Icon} name=${icon} />`}
    <span class=${iconOnly ? 'visually-hidden' : 'button-text'}>${children}</span>
  </button>`;

/** @param {{kind?: 'info'|'warning'|'error'|'success', isRegion?: boolean, children?: Children, onClose?: () => void}} props
 *   `isRegion`: false where it stands in a live region already */
export const Notice = ({ kind = 'info', isRegion = true, children, onClose }) => html`
  <div class=${`notice notice-${kind}`} role=${!isRegion ? undefined : kind === 'error' ? 'alert' : 'status'}>
    <${Icon} name=${kind} />
    <div class="notice-text">${children}</div>
    ${onClose && html`<${Button} kind="quiet" icon="close" iconOnly onClick=${onClose}>Close this message<//>`}
  </div>`;

/** A question that must be answered before something is lost. Escape answers no.
 * @param {{open: boolean, title: string, children?: Children, confirm: string, cancel?: string, danger?: boolean,
 *          onConfirm: () => void, onCancel: () => void}} props */
export const ConfirmDialog = ({ open, title, children, confirm, cancel = 'Cancel', danger = true, onConfirm, onCancel }) => {
  const dialog = useRef(/** @type {HTMLDialogElement|null} */ (null));
  const id = useId();
  useLayoutEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open && dialog.current?.open) dialog.current.close();
  }, [open]);
  return html`
    <dialog class="dialog" ref=${dialog} aria-labelledby=${id} onCancel=${(/** @type {Event} */ event) => { event.preventDefault(); onCancel(); }}>
      <h2 class="dialog-title" id=${id}>${title}</h2>
      <div class="dialog-body">${children}</div>
      <div class="dialog-actions">
        <${Button} onClick=${onCancel}>${cancel}<//>
        <${Button} kind=${danger ? 'danger' : 'primary'} onClick=${onConfirm}>${confirm}<//>
      </div>
    </dialog>`;
};

/** `max` 0 or missing: under way, but nobody knows how far.
 * @param {{value?: number, max?: number, label: string, text?: Children}} props */
export const Progress = ({ value, max, label, text }) => html`
  <div class="progress">
    <progress aria-label=${label} value=${max ? value : undefined} max=${max || undefined}></progress>
    ${text && html`<span class="progress-text">${text}</span>`}
  </div>`;

/** A quiet remark beside or below something. @param {{children?: Children}} props */
export const Hint = ({ children }) => html`<p class="hint">${children}</p>`;

/** Longer texts get a fixed height: measuring them at every key would make typing slow. */
const GROWING_LENGTH = 5000;

/** A textarea that is as tall as its text. All other properties go to the textarea.
 * @param {{value: string, onInput: (text: string) => void, [attribute: string]: any}} props */
export const GrowingText = ({ value, onInput, ...rest }) => html`
  <div class=${classes('growing', value.length > GROWING_LENGTH && 'is-long')} data-text=${value.length > GROWING_LENGTH ? undefined : `${value}\u200b`}>
    <textarea rows="1" dir="auto" ...${rest} value=${value}
      onInput=${(/** @type {InputEvent & {currentTarget: HTMLTextAreaElement}} */ event) => onInput(event.currentTarget.value)}></textarea>
  </div>`;

/** A function that runs `action` once things have been quiet for `wait` milliseconds; `.flush()` runs it now if it waits.
 * @template {unknown[]} A
 * @param {(...args: A) => void} action @param {number} wait */
export const debounce = (action, wait) => {
  /** @type {ReturnType<typeof setTimeout>|undefined} */ let timer;
  /** @type {A|undefined} */ let last;
  const run = () => { const args = last; clearTimeout(timer); last = undefined; if (args) action(...args); };
  return Object.assign((/** @type {A} */ ...args) => { last = args; clearTimeout(timer); timer = setTimeout(run, wait); }, { flush: run });
};
