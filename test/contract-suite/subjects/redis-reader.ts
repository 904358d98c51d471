/** Makes a user who may only read, with the rights for ACL SETUSER. @returns the URL under which that user logs in */
export async function redisReaderUrl(
  url: string,
  command: (...words: readonly string[]) => Promise<unknown>,
  rights: string,
): Promise<string> {
  const words = ['reset', 'on', '>reader-secret', '%R~*', ...rights.split(' ')];
  await command('ACL', 'SETUSER', 'reader', ...words);
  return url.replace(/:\/\/(?:[^@/]*@)?/, '://reader:reader-secret@');
}
