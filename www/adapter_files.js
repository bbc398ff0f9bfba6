// @ts-check
/** The files of a PEFT adapter: their names, and how large those of a soft prompt can be. */

export const CONFIG = 'adapter_config.json';
export const WEIGHTS = 'adapter_model.safetensors';
export const PICKLE = 'adapter_model.bin';
/** The largest possible adapter has 256 virtual tokens of 16,384 numbers: 17 MB. */
export const LARGEST_WEIGHTS = 64e6;
