// The page in a real Chromium: healthy, Cyrus down, under attack, without JavaScript; narrow and wide, light and dark, in
// both languages, and as a screen reader sees it. PAGE_SCREENSHOTS names a folder for pictures of each.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AdminRig, exchange } from './admin-rig.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PICTURES = process.env['PAGE_SCREENSHOTS'];

describe.runIf(CHROMIUM !== undefined)('the page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: FLAGS });
  }, 60_000);
  afterAll(() => browser?.close());

  async function visit(address: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ locale: 'en-GB', bypassCSP: false, ...options });
    const page = await context.newPage();
    page.on('pageerror', (error) => {
      throw error;
    });
    await page.goto(address);
    return page;
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (PICTURES !== undefined)
      await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  }

  /** What axe-core finds, a line each. */
  async function violations(page: Page): Promise<string[]> {
    // Evaluated over the debugger, so the page's policy need not allow it.
    await page.evaluate(AXE);
    return page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      const found = await axe.run();
      return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    });
  }

  test('is live, and well to read in every width, light and dark', async () => {
    const rig = await AdminRig.start();
    const page = await visit(`http://127.0.0.1:${rig.webPort}/`, { viewport: { width: 1280, height: 900 } });
    await page.locator('html[data-live]').waitFor();
    expect(await page.locator('#state').textContent()).toBe('Answering');
    for (let round = 0; round < 3; round++) {
      await rig.lookup(
        'alice@example.jp',
        'alice@example.jp',
        'nobody@example.jp',
        'a b@example.jp',
        'full@example.jp',
      );
      await page.waitForTimeout(2_000);
    }
    await page.locator('#total-OK', { hasText: '6' }).waitFor();
    expect(await page.locator('#cyrus').textContent()).toMatch(
      /cyrus up; answered \d+ s ago; witness alice@example\.jp stands/,
    );
    expect(await page.locator('path.OK').count()).toBe(1);
    expect(await page.textContent('body')).not.toContain('nobody@');
    expect(await violations(page)).toEqual([]);
    await picture(page, 'healthy');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await violations(page)).toEqual([]);
    await picture(page, 'healthy-dark');
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(await violations(page)).toEqual([]);
    await picture(page, 'healthy-360');
  }, 60_000);

  test('shows that Cyrus is down, and an attack, with the last refusals for who may open the control socket', async () => {
    const rig = await AdminRig.start('harvest = 1');
    const { address } = (await rig.json('POST', '/page')) as { address: string };
    const page = await visit(address, { viewport: { width: 1280, height: 900 } });
    await page.locator('html[data-live]').waitFor();
    expect(page.url()).not.toContain('token');
    await rig.lookup('nobody@example.jp', 'caf\xe9@example.jp');
    await page.locator('#refused', { hasText: '8-bit character' }).waitFor();
    expect(await page.locator('#refused').textContent()).toContain('550 5.1.1 User unknown');
    const names = Array.from({ length: 30 }, (_, i) => `guess${i}@example.jp`);
    await rig.lookup(...names);
    await page.waitForTimeout(10_000);
    await rig.lookup('one-more@example.jp');
    await page.locator('#state', { hasText: 'Somebody tries names' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await picture(page, 'attack');

    await rig.lmtpd.stop();
    await rig.lookup('bob@example.jp', 'carol@example.jp');
    await page.locator('#state', { hasText: 'Cyrus cannot be asked' }).waitFor();
    expect(await page.locator('#cyrus').textContent()).toContain('cyrus down: ');
    expect(await violations(page)).toEqual([]);
    await picture(page, 'cyrus-down');

    const again = await browser.newPage();
    expect((await again.goto(address))?.status()).toBe(403);
    await rig.daemon.stop();
    await page.locator('#state', { hasText: 'Connection to the daemon lost' }).waitFor();
  }, 60_000);

  test('is a table without JavaScript, and Japanese where that is wanted', async () => {
    const rig = await AdminRig.start();
    await rig.lookup('alice@example.jp', 'nobody@example.jp');
    const page = await visit(`http://127.0.0.1:${rig.webPort}/`, {
      javaScriptEnabled: false,
      locale: 'ja-JP',
      viewport: { width: 800, height: 900 },
    });
    expect(await page.locator('html').getAttribute('lang')).toBe('ja');
    expect(await page.locator('#state').textContent()).toBe('正常に応答中');
    expect(await page.locator('#total-OK').textContent()).toBe('1');
    expect(await page.locator('#sources').textContent()).toContain('Cyrus に問い合わせ2');
    await picture(page, 'no-javascript');
  }, 60_000);

  test('can be used by keyboard', async () => {
    const rig = await AdminRig.start();
    const page = await visit(`http://127.0.0.1:${rig.webPort}/`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe('How it was known');
  }, 60_000);
});

describe('what is served over TCP', () => {
  test('loads nothing from elsewhere and allows no script but its own', async () => {
    const rig = await AdminRig.start();
    const [one, two] = [await rig.web('/'), await rig.web('/')];
    const policy = String(one.headers['content-security-policy']);
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'nonce-[^']+'; script-src 'nonce-[^']+'; connect-src 'self'/,
    );
    expect(policy).not.toBe(two.headers['content-security-policy']);
    expect(one.body).not.toMatch(/(?:src|href)=|url\(|@import|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
  });

  test('changes nothing and names no address', async () => {
    const rig = await AdminRig.start();
    await rig.lookup('nobody@example.jp');
    for (const path of ['/explain?key=alice@example.jp', '/dump', '/tail', '/stats', '/version']) {
      expect((await rig.web(path)).status).toBe(404);
    }
    for (const path of ['/flush?all=1', '/reload', '/page'])
      expect((await rig.web(path, 'POST')).status).toBe(404);
    for (const path of ['/', '/metrics', '/readyz']) {
      expect((await rig.web(path)).body).not.toContain('nobody@');
    }
  });

  test('has one port for all who ask for it at the same time', async () => {
    const rig = await AdminRig.start();
    const asked = await Promise.all(Array.from({ length: 5 }, () => rig.json('POST', '/page')));
    const ports = asked.map((each) => new URL((each as { address: string }).address).port);
    expect(new Set(ports).size).toBe(1);
  });

  test('the page with addresses is shown to nobody without the token or under another name', async () => {
    const rig = await AdminRig.start();
    const { address } = (await rig.json('POST', '/page')) as { address: string };
    const { port, pathname, search } = new URL(address);
    const to = { host: '127.0.0.1', port, method: 'GET' };
    expect((await exchange({ ...to, path: '/' })).status).toBe(403);
    expect((await exchange({ ...to, path: '/events' })).status).toBe(403);
    const foreign = { ...to, path: `${pathname}${search}`, headers: { host: 'evil.example' } };
    expect((await exchange(foreign)).status).toBe(403);
    expect((await exchange({ ...to, path: `${pathname}${search}` })).status).toBe(303);
  });
});
