// What others may use of the Postgres client.
export type { TlsMode } from './dial.ts';
export { isPlanned, plannedOnce } from './planned-once.ts';
export { readBackAsPrinted } from './printed-sql.ts';
export { type CopyResult, majorOf, type Param, type Row, type Session } from './session.ts';
export { ident, literal, qualified } from './sql.ts';
export { PostgresError, type ServerAnswer } from './postgres-error.ts';
export { connect, type ConnectOptions, connectUrl } from './client.ts';
