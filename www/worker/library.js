// @ts-check
/** The compiled wasm library: compiled once, shared with the other workers as a module. */
import { libraryFor } from './simd.js';

/** @param {'simd128'|'relaxed-simd'} simd @returns {Promise<WebAssembly.Module>} */
export async function compileLibrary(simd) {
  const file = libraryFor(simd);
  const response = await fetch(new URL(`../pkg/${file}`, import.meta.url)).catch(() => null);
  if (!response?.ok) {
    throw Object.assign(new Error(
      `The part of the page that computes (${file}) could not be fetched${response ? `: the server answered ${response.status}` : ''}. ` +
      'Check the connection and reload the page; if you serve it yourself, build it first with "make serve".',
    ), { kind: 'model' });
  }
  const streams = response.headers.get('content-type')?.startsWith('application/wasm') && WebAssembly.compileStreaming;
  return streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}
