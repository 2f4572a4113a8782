/** Names that the build puts in: files beside the script, by their hashed names. */
declare const __ICONS__: string;
declare const __WORKER__: string;
