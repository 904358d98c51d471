import type { MatrixSubject } from './matrix-subject.js';
import { keyvMap, memory, sqlite } from './subjects/embedded.js';
import { customDriver, etcdDriver } from './subjects/examples.js';
import { keyvEtcd, keyvMysql, keyvRedis, keyvValkey } from './subjects/keyv.js';
import { postgres } from './subjects/postgres.js';
import { redis, redisCluster, redisSentinel } from './subjects/redis.js';

/** The columns of the matrix, in their order. */
export const MATRIX_SUBJECTS: readonly MatrixSubject[] = [
  memory,
  sqlite,
  redis,
  redisCluster,
  redisSentinel,
  postgres,
  keyvMap,
  keyvMysql,
  keyvRedis,
  keyvValkey,
  keyvEtcd,
  customDriver,
  etcdDriver,
];
