import { randomUUID } from 'node:crypto';

const TIME_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A UUID of version 7 (RFC 9562): the milliseconds since the Unix epoch, then chance. */
export function newTimeId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** When an id was made, in milliseconds since the Unix epoch; `undefined` when it does not tell. */
export function timeOfId(id: string): number | undefined {
  return TIME_ID.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
}
