// What componentize-qjs makes of the contract's imports; `wit/` says what they mean.
declare module "wellhead:plugin/cache@0.1.0" {
  const cache: {
    get(key: string): Uint8Array | null;
    set(key: string, value: Uint8Array, ttlMs: number): void;
    delete(key: string): void;
  };
  export default cache;
}
declare module "wellhead:plugin/fetch@0.1.0" {
  interface Readable<T> {
    read(count?: number): Promise<T>;
    cancelRead(): void;
    drop(): void;
  }
  interface Request { method: string; url: string; headers: [string, Uint8Array][]; body: Uint8Array }
  interface Response { status: number; headers: [string, Uint8Array][]; body: Readable<Uint8Array> }
  type Answer = { tag: "ok"; val: Response } | { tag: "err"; val: { tag: string; val?: string } };
  const fetch: { send(request: Request): Readable<Answer> };
  export default fetch;
}
declare module "wellhead:plugin/log@0.1.0" {
  const log: { write(level: string, target: string, message: string, fields: [string, string][]): void };
  export default log;
}
declare module "wellhead:plugin/metrics@0.1.0" {
  type Tell = (name: string, value: number, labels: [string, string][]) => void;
  const metrics: { add: Tell; set: Tell; observe: Tell };
  export default metrics;
}
declare module "wasi:clocks/monotonic-clock@0.3.0" {
  const clock: { waitFor(nanoseconds: number): Promise<void> };
  export default clock;
}
