/**
 * Reports the events of one part of the core, each with what it is about. An emitter of more events serves where one of
 * fewer is expected.
 */
export interface Emitter<Events> {
  emit<Name extends keyof Events>(name: Name, about: Events[Name]): void;
}
