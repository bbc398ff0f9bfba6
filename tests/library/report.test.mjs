// The report of step 7 as a document: nothing of a text becomes markup, nothing is missing a number, nothing is fetched.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chart, thinned, ticks } from '../../www/report/chart.js';
import { comparisonFigure, learningFigure, lossFigure } from '../../www/report/figures.js';
import { reportHtml } from '../../www/report/html.js';
import { markup, table, words } from '../../www/report/markup.js';
import { DEFAULT_SETTINGS, defaultsOf } from '../../www/protocol.js';
import { chapterReport, emptyReport } from './report_object.mjs';

const NASTY = '</script><script>alert("x")</script> <img src=x onerror=\'alert(1)\'> & "quotes" \0 שלום 你好 👩🏽‍💻';

/** How often each tag is opened and closed. */
function tags(html) {
  const counts = new Map();
  for (const [, closing, name, attributes] of html.replace(/<style>[\s\S]*?<\/style>/, '').matchAll(/<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|[^>"])*)>/gi)) {
    if (['meta', 'br', '!doctype'].includes(name.toLowerCase()) || attributes.endsWith('/')) continue;
    const count = counts.get(name) ?? { opened: 0, closed: 0 };
    count[closing ? 'closed' : 'opened']++;
    counts.set(name, count);
  }
  return counts;
}

/** What must hold of every report. */
function assertSound(html) {
  assert.match(html, /^<!DOCTYPE html>\n<html lang="en">/);
  assert.match(html, /<\/html>\n$/);
  for (const [name, { opened, closed }] of tags(html)) assert.equal(opened, closed, `<${name}> is opened ${opened} times and closed ${closed} times`);
  const names = (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""')).join('');
  assert.doesNotMatch(names, /<(?:script|link|iframe|object|embed|img|form|a|base)\b|\son[a-z]+=|\sstyle=/i);
  assert.doesNotMatch(names, /(?:src|href|action|srcset|data)\s*=/i, 'nothing is fetched and nothing leads away');
  assert.doesNotMatch(html.match(/<style>[\s\S]*?<\/style>/)[0], /@import|url\(/);
  const text = html.replace(/<style>[\s\S]*?<\/style>/, '').replace(/<[^>]*>/g, ' ');
  assert.doesNotMatch(text, /\bundefined\b|\bNaN\b|\bnull\b|Infinity|\[object/);
  assert.doesNotMatch(html, /(?:x1|x2|y1|y2|cx|cy|points|viewBox)="[^"]*(?:NaN|undefined|Infinity)/);
  const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length, 'every id once');
}

const titles = (html) => [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, title]) => title);

test('a whole report is sound and has every section', () => {
  const html = reportHtml(chapterReport());
  assertSound(html);
  assert.deepEqual(titles(html), [
    'Objective', 'What was done', 'Data', 'Settings', 'Training', 'The frozen model', 'Metrics: base against tuned', 'Row by row', 'Answers side by side', 'Does it keep to the form?', 'Does it repeat its examples?',
    'Cross-validation', 'Learning curve: is more data needed?', 'What is hardest for the tuned model', 'The same question in other words', 'Techniques compared', 'Other runs', 'Conclusions',
  ]);
  assert.match(html, /Of 10 examples, 8 were trained on and 2 held out/);
  assert.match(html, /5,120 numbers were trained, 0\.098 % of the model’s size/);
  assert.match(html, /The same, bit for bit/);
  assert.match(html, /the likeliest token, repetition penalty 1\.1/);
  assert.match(html, /Of the words of the tuned answers, 13 % stand in a passage .*, of those of the base model 1\.0 %/);
  assert.match(html, /6 words, row 3/);
  assert.equal(html.match(/<figure>/g)?.length, 3);
  assert.ok(html.includes('http://127.0.0.1:8080/#v=1&amp;steps=60'), 'the address of the page, as text');
});

test('without a run, an answer or a model there is a report too, and no empty section', () => {
  const html = reportHtml(emptyReport());
  assertSound(html);
  assert.deepEqual(titles(html), ['Settings']);
  assertSound(reportHtml({ ...emptyReport(), data: { ofRun: false, changedSince: false, rows: [{ input: 'a', output: '', role: '' }] }, objective: 'Be kind.' }));
});

test('a run that was only begun, one without held-out rows, and one of another model', () => {
  const report = chapterReport();
  const begun = { ...report.run, status: 'starting', steps: [], evaluations: [], samples: [], best: null, last: null, hashAfter: '', trainedNumbers: 0, modelNumbers: 0, split: { train: [], heldOut: [] }, reading: null };
  assertSound(reportHtml({ ...report, run: begun, metrics: null, prompt: null }));
  const all = reportHtml({ ...report, run: { ...report.run, best: null, kept: 'last', evaluations: [], split: { train: [0, 1], heldOut: [] }, last: { ...report.run.last, heldOutLoss: null } } });
  assertSound(all);
  assert.match(all, /none was held out/);
  const other = reportHtml({ ...report, model: { ...report.model, weightsHash: 'other' } });
  assertSound(other);
  assert.match(other, /not the one that was in use when this report was made/);
});

test('every text is escaped, wherever it stands', () => {
  // Every string of the report that a person or a model wrote is replaced; what the page chooses from is not.
  const kept = new Set(['role', 'kind', 'name', 'status', 'kept', 'call', 'verdict', 'peft_type', 'prompt_tuning_init', 'lr_scheduler_type', 'encoder_reparameterization_type', 'made', 'trainedAt', 'finishReason', 'report']);
  const spoiled = JSON.parse(JSON.stringify(chapterReport()), (key, value) => (typeof value === 'string' && !kept.has(key) ? NASTY : value));
  const html = reportHtml(spoiled);
  assertSound(html);
  assert.ok(!html.includes('\0') && html.includes('שלום 你好 👩🏽‍💻'));
  assert.ok(html.includes('&lt;/script&gt;&lt;script&gt;alert(&quot;x&quot;)'));
});

test('numbers that are none, and runs that went wrong, leave no NaN', () => {
  const broken = JSON.parse(JSON.stringify(chapterReport()), (key, value) => (typeof value === 'number' && !Number.isInteger(value) && !(key in DEFAULT_SETTINGS) ? null : value));
  assertSound(reportHtml(broken));
  const report = chapterReport();
  const steps = report.run.steps.map((step, index) => ({ ...step, loss: [NaN, Infinity, 1e30, 3][index % 4] }));
  assertSound(reportHtml({ ...report, run: { ...report.run, steps, msPerStep: NaN, evaluations: [{ step: 0, heldOutLoss: 2 }, { step: 5, heldOutLoss: NaN }] } }));
});

test('a thousand long rows stay readable', () => {
  const report = chapterReport();
  const rows = Array.from({ length: 1000 }, (_, index) => ({ input: `question ${index}`, output: '😀'.repeat(10_000), role: index < 800 ? 'training' : 'held out' }));
  const html = reportHtml({ ...report, data: { ...report.data, rows } });
  assertSound(html);
  assert.match(html, /The first 100 of 1,000 rows/);
  assert.match(html, /9,400 more characters/);
  assert.ok(html.length < 1e6, `${html.length} characters`);
});

test('what was asked or measured with another prompt is not said to be of the one in use', () => {
  const report = chapterReport();
  const prompt = { ...report.prompt, ofRun: false, prefix: '[OPENED]', origin: 'gentle-cedar' };
  assert.match(reportHtml({ ...report, prompt }), /The answers and metrics are those of the prompt \[OPENED\], opened from the adapter gentle-cedar/);
  const ofOther = /Some answers or metrics are from before something changed, and say so; the prompt in use when this report was made is \[OPENED\], opened from the adapter gentle-cedar/;
  assert.match(reportHtml({ ...report, prompt, metrics: { ...report.metrics, ofPrompt: false } }), ofOther);
  const answers = report.answers.map((one) => ({ ...one, tuned: one.tuned && { ...one.tuned, upToDate: false } }));
  assert.match(reportHtml({ ...report, prompt, answers }), ofOther);
});

test('other techniques are described', () => {
  const report = chapterReport();
  const of = (type, more) => reportHtml({ ...report, run: { ...report.run, settings: { ...defaultsOf(type), ...more } }, settings: { ...defaultsOf(type), ...more } });
  assert.match(of('PREFIX_TUNING', { prefix_projection: true }), /keys and values of 20 virtual tokens in front of those of every layer, made by a perceptron/);
  assert.match(of('P_TUNING', { template: '{v5} Be kind. {v5}' }), /in the template “\{v5\} Be kind\. \{v5\}”/);
  assert.doesNotMatch(of('PROMPT_TUNING', {}), /encoder_hidden_size/, 'settings without effect are left out');
  assert.match(of('PROMPT_TUNING', {}), new RegExp(`<code>learning_rate</code></small></th><td data-label="Value">.*${DEFAULT_SETTINGS.learning_rate}`));
});

test('experiments made with other settings or another model say so', () => {
  const report = chapterReport();
  assert.doesNotMatch(reportHtml(report), /Made with/);
  const html = reportHtml({ ...report, crossValidation: { ...report.crossValidation, settings: { ...report.settings, steps: 7, prefix_token: '[OTHER]' } }, comparison: { ...report.comparison, modelHash: 'other' } });
  assertSound(html);
  assert.match(html, /Made with other settings than those above: Steps <span[^>]*>7<\/span>\./);
  assert.match(html, /Made with another language model/);
});

test('figures of nothing are nothing; of one point and of many they are drawn', () => {
  assert.equal(lossFigure({ steps: [], evaluations: [] }).text, '');
  assert.equal(learningFigure({ points: [], band: [], doubled: null }, []).text, '');
  assert.equal(comparisonFigure([{ name: 'a', label: 'Base model', kind: 'base', curve: [], heldOutLoss: 2, bestStep: null }]).text, '');
  const one = lossFigure({ steps: [{ step: 1, loss: 2 }], evaluations: [{ step: 0, heldOutLoss: 2 }] }).text;
  assert.match(one, /<circle/);
  const many = Array.from({ length: 100_000 }, (_, index) => ({ x: index, y: Math.sin(index) }));
  assert.ok(thinned(many).length <= 650);
  assert.deepEqual([thinned(many)[0], thinned(many).at(-1)], [many[0], many.at(-1)]);
  const svg = chart({ id: 'a', title: 'T', description: 'D', xLabel: 'x', yLabel: 'y', lines: [{ points: many, color: 0 }] }).text;
  assert.match(svg, /role="img" aria-labelledby="a-title a-description"/);
  assert.match(svg, /<title id="a-title">T<\/title>\n<desc id="a-description">D<\/desc>/);
});

test('ticks are round and hold all values', () => {
  for (const [low, high] of [[0, 100], [0.61, 2.07], [3, 3], [-1e-7, 1e-7], [0, 0], [1e30, 2e30], [-5, 12.5]]) {
    const { values, step } = ticks(low, high, 5);
    assert.ok(values.length >= 2 && values.length < 12, `${values}`);
    assert.ok(values[0] <= low + step * 1e-6 && values.at(-1) >= high - step * 1e-6, `${low} to ${high}: ${values}`);
  }
});

test('markup escapes strings and keeps markup', () => {
  assert.equal(markup`<p title="${'"a"'}">${['<b>', markup`<i>${'&'}</i>`, null, false]}${7}</p>`.text, '<p title="&quot;a&quot;">&lt;b&gt;<i>&amp;</i>7</p>');
  assert.match(words('12345', 3).text, /123….*2 more characters/);
  assert.match(table({ caption: 'c', columns: [{ name: 'a' }], rows: [], cells: String }).text, /<tbody>\s*<\/tbody>/);
});
