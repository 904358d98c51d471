// Draws the diagram of docs/architecture.md from the imports: node --import tsx scripts/draw-architecture.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { architectureDiagram, withDiagram } from '../test/docs/architecture-diagram.ts';

const path = resolve(import.meta.dirname, '../docs/architecture.md');
writeFileSync(path, withDiagram(readFileSync(path, 'utf8'), architectureDiagram()));
