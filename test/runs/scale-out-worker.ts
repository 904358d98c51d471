import { serveFleet } from './fleet-worker.js';

serveFleet((driver) => driver);
