/** The time zone that a reader chose: every time on every page is in it, and every page says so. */
import { createContext, type ComponentChildren } from 'preact';
import { useContext, useState } from 'preact/hooks';
import { isKnownZone } from './view/times.ts';
import { WORDS } from './words.ts';

const KEPT = 'countersign.zone';

const ofDevice = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/** A browser may forbid a page to store anything. */
function storedZone(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

function keep(zone: string): void {
  try {
    localStorage.setItem(KEPT, zone);
  } catch {
    return;
  }
}

interface Zone {
  zone: string;
  choose(zone: string): void;
}

const ZoneContext = createContext<Zone>({ zone: 'UTC', choose: () => undefined });

export const useZone = (): Zone => useContext(ZoneContext);

export function ZoneProvider({ children }: { children: ComponentChildren }) {
  const [zone, setZone] = useState(() => {
    const before = storedZone();
    return before !== null && isKnownZone(before) ? before : ofDevice();
  });
  const choose = (next: string): void => {
    keep(next);
    setZone(next);
  };
  return <ZoneContext.Provider value={{ zone, choose }}>{children}</ZoneContext.Provider>;
}

export function ZonePicker() {
  const { zone, choose } = useZone();
  const device = ofDevice();
  const zones = [...new Set(['UTC', device, zone, ...Intl.supportedValuesOf('timeZone')])];
  return (
    <label class="field">
      <span>{WORDS.zone.label}</span>
      <select value={zone} onChange={(event) => choose(event.currentTarget.value)}>
        {zones.map((one) => (
          <option key={one} value={one}>
            {one === device ? WORDS.zone.browser(one) : one}
          </option>
        ))}
      </select>
    </label>
  );
}
