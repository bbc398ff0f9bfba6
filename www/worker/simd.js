// @ts-check
/**
 * Which 128-bit SIMD instructions this browser's WebAssembly has, found by validating two tiny modules:
 * `i8x16.popcnt(i32x4.splat(0))`-like code for simd128, `i8x16.relaxed_swizzle` for relaxed SIMD
 * (the modules of GoogleChromeLabs/wasm-feature-detect). pkg/ has a build for each.
 */

const SIMD128 = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
const RELAXED = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11];

export const NO_SIMD =
  'This browser cannot run the model: its WebAssembly has no SIMD instructions. ' +
  'Use Chrome or Edge 91, Firefox 89, Safari 16.4, or anything newer.';

/** @returns {'none'|'simd128'|'relaxed-simd'} */
export function detectSimd() {
  if (!WebAssembly.validate(new Uint8Array(SIMD128))) return 'none';
  return WebAssembly.validate(new Uint8Array(RELAXED)) ? 'relaxed-simd' : 'simd128';
}

/** The build of the library, in pkg/, for these instructions. @param {ReturnType<typeof detectSimd>} simd */
export const libraryFor = (simd) => (simd === 'relaxed-simd' ? 'prompt_playground_relaxed_bg.wasm' : 'prompt_playground_bg.wasm');
