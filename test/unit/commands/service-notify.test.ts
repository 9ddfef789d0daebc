import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServiceNotify, type ServiceEnvironment } from '../../../src/commands/service-notify.js';

const PID = 42;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the notice to systemd', () => {
  it('is none outside of systemd', () => {
    const { service, told } = rig({ WATCHDOG_USEC: '1000000' });
    service.ready('listening');
    vi.advanceTimersByTime(5_000);
    service.stopping();
    expect(told).toEqual([]);
  });

  it('says ready and stopping for this process', () => {
    const { service, told } = rig({ NOTIFY_SOCKET: '/run/systemd/notify' });
    service.ready('listening');
    service.stopping();
    expect(told).toEqual(['--pid=42 --ready --status=listening', '--pid=42 STOPPING=1']);
  });

  it('gives two signs of life in each period of the watchdog, until it stops', () => {
    const { service, told } = rig({ NOTIFY_SOCKET: '@x', WATCHDOG_USEC: '2000000', WATCHDOG_PID: '42' });
    service.ready('listening');
    vi.advanceTimersByTime(4_000);
    expect(told.filter((words) => words.endsWith('WATCHDOG=1'))).toHaveLength(4);
    service.stopping();
    vi.advanceTimersByTime(4_000);
    expect(told).toHaveLength(6);
  });

  it.each([
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
  const service = new ServiceNotify({ environment, pid: PID, run: (args) => told.push(args.join(' ')) });
  return { service, told };
}
