/** Writes the bundled session files anew: `node --import tsx examples/demo/generate-session.ts`. */
import { writeFileSync } from 'node:fs';
import { sessionTexts } from './session/session-text.js';

for (const [name, text] of sessionTexts()) {
  writeFileSync(new URL(`session/${name}`, import.meta.url), text);
  console.log(`${name}: ${text.trimEnd().split('\n').length} messages`);
}
