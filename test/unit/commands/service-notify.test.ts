import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ServiceNotify, type ServiceEnvironment } from '../../../src/commands/service-notify.js';

const PID = 42;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the notice to systemd', () => {
  test('is none outside of systemd', () => {
    const { service, told } = rig({ WATCHDOG_USEC: '1000000' });
    service.ready('listening');
    vi.advanceTimersByTime(5_000);
    void service.stopping();
    expect(told).toEqual([]);
  });

  test('says ready and stopping for this process', () => {
    const { service, told } = rig({ NOTIFY_SOCKET: '/run/systemd/notify' });
    service.ready('listening');
    void service.stopping();
    expect(told).toEqual(['--pid=42 --ready --status=listening', 'STOPPING=1']);
  });

  test('names another process as the main one before anything else ends, and says nothing after that', async () => {
    const { service, told } = rig({ NOTIFY_SOCKET: '@x', WATCHDOG_USEC: '2000000' });
    service.ready('listening');
    await service.handTo(43);
    vi.advanceTimersByTime(4_000);
    service.ready('listening');
    await service.stopping();
    expect(told).toEqual(['--pid=42 --ready --status=listening', '--pid=43']);
  });

  test('waits until systemd knows of the other process', async () => {
    const heard: (() => void)[] = [];
    const run = (): Promise<void> => new Promise((resolve) => heard.push(resolve));
    const service = new ServiceNotify({ environment: { NOTIFY_SOCKET: '@x' }, pid: PID, run });
    let over = false;
    const handed = service.handTo(43).then(() => (over = true));
    await Promise.resolve();
    expect(over).toBe(false);
    heard[0]?.();
    expect(await handed).toBe(true);
  });

  test('claims by no sign of life that it is the main process', () => {
    const { service, told } = rig({ NOTIFY_SOCKET: '@x', WATCHDOG_USEC: '2000000' });
    service.ready('listening');
    vi.advanceTimersByTime(1_000);
    expect(told.at(-1)).toBe('WATCHDOG=1');
  });

  test('gives two signs of life in each period of the watchdog, until it stops', () => {
    const { service, told } = rig({ NOTIFY_SOCKET: '@x', WATCHDOG_USEC: '2000000', WATCHDOG_PID: '42' });
    service.ready('listening');
    vi.advanceTimersByTime(4_000);
    expect(told.filter((words) => words.endsWith('WATCHDOG=1'))).toHaveLength(4);
    void service.stopping();
    vi.advanceTimersByTime(4_000);
    expect(told).toHaveLength(6);
  });

  test.each([
    {},
    { WATCHDOG_USEC: '0' },
    { WATCHDOG_USEC: 'x' },
    { WATCHDOG_USEC: '1000000', WATCHDOG_PID: '7' },
  ])('gives no signs of life where nobody, or another process, is asked for them: %j', (watchdog) => {
    const { service, told } = rig({ NOTIFY_SOCKET: '@x', ...watchdog });
    service.ready('listening');
    vi.advanceTimersByTime(60_000);
    expect(told).toHaveLength(1);
  });
});

function rig(environment: ServiceEnvironment) {
  const told: string[] = [];
  const run = (args: readonly string[]): Promise<void> => {
    told.push(args.join(' '));
    return Promise.resolve();
  };
  const service = new ServiceNotify({ environment, pid: PID, run });
  return { service, told };
}
