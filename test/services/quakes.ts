/** GeoJSON of the shape in which USGS publishes earthquakes, made by the test. */
export interface Quake {
  id: string;
  magnitude?: number | null;
  place?: string;
  /** Epoch ms. */
  time?: number;
  /** Epoch ms of the revision; the same id with another is a revised quake. */
  updated?: number;
}

export function quakeFeature({
  id,
  magnitude = 2.5,
  place = '8km W of Templeton, California',
  ...times
}: Quake): object {
  const time = times.time ?? 1_790_000_000_000;
  const updated = times.updated ?? time + 60_000;
  return {
    type: 'Feature',
    properties: {
      mag: magnitude,
      place,
      time,
      updated,
      tz: null,
      url: `https://earthquake.usgs.gov/earthquakes/eventpage/${id}`,
      detail: `https://earthquake.usgs.gov/earthquakes/feed/v1.0/detail/${id}.geojson`,
      felt: null,
      cdi: null,
      mmi: null,
      alert: null,
      status: 'automatic',
      tsunami: 0,
      sig: 96,
      net: id.slice(0, 2),
      code: id.slice(2),
      ids: `,${id},`,
      sources: `,${id.slice(0, 2)},`,
      types: ',origin,phase-data,',
      nst: 12,
      dmin: 0.03,
      rms: 0.07,
      gap: 90,
      magType: 'md',
      type: 'earthquake',
      title: `M ${magnitude} - ${place}`,
    },
    geometry: { type: 'Point', coordinates: [-120.7, 35.5, 4.2] },
    id,
  };
}

export function quakeCollection(quakes: readonly Quake[], generated = 1_790_000_100_000): object {
  return {
    type: 'FeatureCollection',
    metadata: {
      generated,
      url: 'https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/all_hour.geojson',
      title: 'USGS All Earthquakes, Past Hour',
      status: 200,
      api: '1.14.1',
      count: quakes.length,
    },
    features: quakes.map(quakeFeature),
    bbox: [-180, -90, -10, 180, 90, 700],
  };
}
