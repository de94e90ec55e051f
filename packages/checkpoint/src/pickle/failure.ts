/** Why a pickle was refused; the reader that knows the file's name turns it into a DifftapError. */
export class PickleFailure extends Error {}

/** The bytes ended within the pickle: with more of the file it may go on. */
export class PickleTruncated extends PickleFailure {}
