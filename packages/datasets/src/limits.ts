/** Limits on what a dataset may ask of this machine. Real data stays far below; what is above is damage or an attack. */

/** Pixels of one decoded image: 100 megapixels hold any photograph and are 300 MB as RGB. */
export const MAX_IMAGE_PIXELS = 100_000_000;

/** Bytes of one encoded image or annotation file, in a folder or an archive. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** Members of one tar archive: WebDataset shards have thousands; ImageNet in a single archive has 1.3 million, with labels 2.6. */
export const MAX_TAR_ENTRIES = 4_000_000;

/** Bytes of one name in a tar archive, long-name records included. */
export const MAX_TAR_NAME_BYTES = 4096;

/** Bytes of one pax or long-name record. */
export const MAX_TAR_RECORD_BYTES = 64 * 1024;

/** Unpacked to packed bytes of a gzip file. Shards of tiny JPEGs reach about 8 (tar's padding), MNIST 5; deflate itself ends at 1032. */
export const MAX_GZIP_RATIO = 200;

/** Below this many unpacked bytes the ratio is not looked at: small files of zeros are no threat. */
export const GZIP_RATIO_FREE_BYTES = 16 * 1024 * 1024;

/** Image bytes held in memory for all compressed shards of one dataset; uncompressed shards hold none. */
export const MAX_HELD_BYTES = 1024 * 1024 * 1024;

/** Unpacked bytes of one `.gz` IDX file: EMNIST, the largest known, has 550 MB. */
export const MAX_IDX_GZIP_BYTES = 1024 * 1024 * 1024;

/** Shards one brace range may name: a mistyped range is refused before it fills memory. */
export const MAX_SHARDS = 100_000;

/** Bytes of a class list, label or list file. */
export const MAX_TEXT_BYTES = 64 * 1024 * 1024;

/** Bytes of one XML annotation: those of Pascal VOC have a few kB. */
export const MAX_XML_BYTES = 16 * 1024 * 1024;

/** Elements inside one another in an XML annotation; VOC has five. */
export const MAX_XML_DEPTH = 64;

/** Lists and objects inside one another in a COCO file; real ones have six. */
export const MAX_JSON_DEPTH = 64;

/** Unpacked bytes of one .mat file: the largest that is read, of Stanford Cars, has some 10 MB. */
export const MAX_MAT_BYTES = 32 * 1024 * 1024;

/** Cells and structs inside one another in a .mat file; real ones have two. */
export const MAX_MAT_DEPTH = 8;
