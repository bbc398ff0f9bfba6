// @ts-check
/**
 * The models that were downloaded, in the browser's storage (the origin private file system): one folder each, with
 * their files as they came and `about.json`. What is there of a file is where its download goes on.
 *
 * Where a browser has no such storage (a private window), the files stay in memory until the page is closed.
 */
import { ModelFileError } from './byte_stream.js';
import { totalSize } from './hub.js';

/** @typedef {import('../protocol.js').StoredModel} StoredModel */
/** @typedef {import('./hub.js').HubListing} HubListing */
/** What `about.json` says. @typedef {HubListing & {name: string, asked: {revision: string, file: string}, complete: boolean}} About */

/** A file that is being written. @typedef {{size: number, write: (piece: Uint8Array) => void, restart: () => void, close: () => void}} Writer */

/** The folder of one model.
 * @typedef {object} ModelFolder
 * @property {(name: string) => Promise<number>} size   bytes of a file that are there
 * @property {(name: string) => Promise<Writer>} writer goes on at the end of what is there
 * @property {(name: string) => Promise<Blob>} blob
 * @property {(about: About) => Promise<void>} describe
 * @property {boolean} lasting                          whether it is still there on the next visit */

const ABOUT = 'about.json';

/** @param {{base: string, repository: string, revision: string, files: {name: string}[]}} of a folder of its own for each hub and each GGUF file */
export function keyOf({ base, repository, revision, files }) {
  return encodeURIComponent(`${base}/${repository}@${revision}/${ggufOf(files)}`);
}

/** The hub of a model that an earlier version of the page stored: its files say where they came from.
 * @param {Pick<About, 'repository'|'files'>} about */
const baseOf = ({ repository, files }) => files[0].url.split(`/${repository}/resolve/`)[0];

/** The GGUF file that is the whole model, or "". @param {{name: string}[]} files */
const ggufOf = (files) => (files.length === 1 ? files[0].name : '');

/** @returns {Promise<FileSystemDirectoryHandle|null>} */
async function root() {
  try {
    const storage = await navigator.storage.getDirectory();
    const folder = await storage.getDirectoryHandle('models', { create: true });
    return 'createSyncAccessHandle' in FileSystemFileHandle.prototype ? folder : null;
  } catch {
    return null;
  }
}

/** The folder of a model, made where there is none.
 * @param {string} key @returns {Promise<ModelFolder>} */
export async function openFolder(key) {
  const folder = await (await root())?.getDirectoryHandle(key, { create: true }).catch(() => null);
  if (folder) return new StoredFolder(folder);
  const kept = inMemory.get(key) ?? new MemoryFolder();
  inMemory.set(key, kept);
  return kept;
}

/** Bytes that are there of some files of a model; 0 where there is no folder.
 * @param {string} key @param {{name: string}[]} files */
export async function arrivedBytes(key, files) {
  const handle = await (await root())?.getDirectoryHandle(key).catch(() => null);
  const folder = handle ? new StoredFolder(handle) : inMemory.get(key);
  const sizes = await Promise.all(files.map((file) => folder?.size(file.name) ?? 0));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Every model that is stored, whole or in part. @returns {Promise<StoredModel[]>} */
export async function storedModels() {
  const found = [...inMemory].map(([key, folder]) => storedModel(key, folder.about, folder.bytes(), false));
  const folder = await root();
  for await (const [key, handle] of /** @type {any} */ (folder)?.entries() ?? []) {
    if (handle.kind !== 'directory') continue;
    const stored = new StoredFolder(handle);
    found.push(storedModel(key, await stored.about(), await stored.bytes(), true));
  }
  return found;
}

/** @param {string} key @returns {Promise<{about: About, folder: ModelFolder}>} */
export async function openStored(key) {
  const folder = inMemory.get(key) ?? new StoredFolder(await (await root())?.getDirectoryHandle(key).catch(() => null) ?? null);
  const about = folder instanceof StoredFolder ? await folder.about() : folder.about;
  if (!about) throw new ModelFileError('This model is no longer in the browser’s storage. Download it again.');
  return { about, folder };
}

/** @param {string} key */
export async function deleteStored(key) {
  inMemory.delete(key);
  try {
    await (await root())?.removeEntry(key, { recursive: true });
  } catch (error) {
    if (/** @type {{name?: string}} */ (error)?.name === 'NotFoundError') return;
    throw new ModelFileError('The model could not be deleted: another tab of this page uses it. Close that tab and try again.');
  }
}

/** Throws where the browser has no room for so many bytes more. @param {number} bytes */
export async function checkRoom(bytes) {
  const { quota = Infinity, usage = 0 } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
  if (usage + bytes > quota) {
    throw new ModelFileError(`The browser gives this page ${mega(quota - usage)} MB more, and the model needs ${mega(bytes)} MB. Delete another stored model, or free space on the disk.`);
  }
}

/** @param {number} bytes */
const mega = (bytes) => Math.max(0, Math.round(bytes / 1e6)).toLocaleString('en');

/** A folder without a description (the tab was closed while it was written) is listed too, so that it can be deleted.
 * @param {string} key @param {About|null} about @param {number} bytes @param {boolean} lasting @returns {StoredModel} */
function storedModel(key, about, bytes, lasting) {
  if (!about) {
    const name = decodeURIComponent(key).split('@')[0].split('/').slice(-2).join('/');
    return { key, name, base: '', repository: name, revision: '', file: '', asked: { revision: '', file: '' }, licence: '', bytes, total: bytes, complete: false, lasting };
  }
  const { name, base, repository, revision, files, asked, licence, complete } = about;
  return { key, name, base, repository, revision, file: ggufOf(files), asked, licence, bytes, total: totalSize(files), complete, lasting };
}

class StoredFolder {
  lasting = true;

  /** @param {FileSystemDirectoryHandle|null} handle */
  constructor(handle) {
    this.handle = handle;
  }

  /** @param {string} name @param {boolean} create */
  async #file(name, create) {
    if (!this.handle) throw new ModelFileError('This model is no longer in the browser’s storage. Download it again.');
    return this.handle.getFileHandle(encodeURIComponent(name), { create });
  }

  /** @param {string} name */
  async size(name) {
    return this.#file(name, false).then(async (file) => (await file.getFile()).size, () => 0);
  }

  /** @param {string} name @returns {Promise<Blob>} */
  async blob(name) {
    try {
      return await (await this.#file(name, false)).getFile();
    } catch (error) {
      if (error instanceof ModelFileError) throw error;
      throw new ModelFileError(`${name} of this model is no longer in the browser’s storage. Download the model again.`);
    }
  }

  /** @param {string} name @returns {Promise<Writer>} */
  async writer(name) {
    const file = await this.#file(name, true);
    /** @type {any} */
    let access;
    try {
      access = await /** @type {any} */ (file).createSyncAccessHandle();
    } catch {
      throw new ModelFileError('Another tab of this page is downloading the same model. Wait until it has finished, or close that tab.');
    }
    /** @type {Writer} */
    const writer = {
      size: access.getSize(),
      write(piece) {
        let written = 0;
        try {
          written = access.write(piece, { at: writer.size });
        } catch { /* no room: said below */ }
        if (written !== piece.length) throw new ModelFileError('The browser’s storage is full. Delete another stored model, or free space on the disk, and continue: what has arrived is kept.');
        writer.size += written;
      },
      restart() {
        access.truncate(0);
        writer.size = 0;
      },
      close: () => access.close(),
    };
    return writer;
  }

  /** @param {About} about */
  async describe(about) {
    const file = /** @type {any} */ (await this.#file(ABOUT, true));
    const access = await file.createSyncAccessHandle();
    try {
      const bytes = new TextEncoder().encode(JSON.stringify(about));
      access.write(bytes, { at: 0 }); // and then cut: what was there before is never lost altogether
      access.truncate(bytes.length);
      access.flush();
    } finally {
      access.close();
    }
  }

  /** @returns {Promise<About|null>} */
  async about() {
    try {
      const about = JSON.parse(await (await this.blob(ABOUT)).text());
      return Array.isArray(about?.files) && typeof about.asked?.file === 'string' ? { base: baseOf(about), ...about } : null;
    } catch {
      return null;
    }
  }

  async bytes() {
    let sum = 0;
    for await (const file of /** @type {any} */ (this.handle)?.values() ?? []) {
      if (file.kind === 'file' && file.name !== ABOUT) sum += await file.getFile().then((/** @type {File} */ one) => one.size, () => 0);
    }
    return sum;
  }
}

/** @type {Map<string, MemoryFolder>} */
const inMemory = new Map();

class MemoryFolder {
  lasting = false;
  /** @type {About|null} */ about = null;
  /** @type {Map<string, Uint8Array<ArrayBuffer>[]>} */ #files = new Map();

  /** @param {string} name */
  async size(name) {
    return (this.#files.get(name) ?? []).reduce((sum, piece) => sum + piece.length, 0);
  }

  /** @param {string} name */
  async blob(name) {
    return new Blob(this.#files.get(name) ?? []);
  }

  /** @param {string} name @returns {Promise<Writer>} */
  async writer(name) {
    const pieces = this.#files.get(name) ?? [];
    this.#files.set(name, pieces);
    /** @type {Writer} */
    const writer = {
      size: await this.size(name),
      write(piece) {
        pieces.push(piece.slice());
        writer.size += piece.length;
      },
      restart() {
        pieces.length = 0;
        writer.size = 0;
      },
      close() {},
    };
    return writer;
  }

  /** @param {About} about */
  async describe(about) {
    this.about = about;
  }

  bytes() {
    return [...this.#files.values()].flat().reduce((sum, piece) => sum + piece.length, 0);
  }
}
