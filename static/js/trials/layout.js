// @ts-check
/**
 * Places the scripts of a task in layers by what starts after what, so that arrows lead from left to right or from top to bottom.
 *
 * After Sugiyama: layers by the longest path, order within a layer by barycentres, positions by least squares that keep the order
 * (isotonic regression). The same graph always gives the same picture; the time grows with the size, so that the thousand scripts
 * a task may have are placed in a fraction of a second, where general libraries need minutes.
 */

/** @typedef {{ key: string }} Item */
/** @typedef {{ from: string, to: string, use: string, width: number }} Link `width` is that of its words, in pixels */
/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ key: string, x: number, y: number, isGhost: boolean }} Placed x and y are those of its upper left corner */
/** @typedef {{ path: Point[], label: Point, isLoop: boolean }} Route */
/** @typedef {{ nodeWidth: number, nodeHeight: number, direction: "right" | "down" }} Size */
/** @typedef {{ width: number, height: number, nodes: Placed[], routes: Route[], layers: number }} Layout */

const BESIDE = 18;
const LANE = 26;
const BETWEEN = 46;
/** Downwards two rows of words fit between two layers. */
const BETWEEN_DOWN = 66;
const LABEL_HEIGHT = 18;
const WIDEST_GAP = 170;
const EDGE = 10;
const SWEEPS = 8;
const STRAIGHTENINGS = 6;
const MOST_BENDS = 6000;

/**
 * @typedef {object} Spot something that has a place in a layer: a script, or a bend of an edge that passes by
 * @property {number} layer
 * @property {number} breadth across the layers, in pixels
 * @property {number} at its middle across the layers
 * @property {number} order
 * @property {Spot[]} before
 * @property {Spot[]} after
 */

/** @param {Item[]} items @param {Link[]} links @param {Size} size @returns {Layout} */
export function layOutGraph(items, links, size) {
  const isDown = size.direction === "down";
  const [along, across] = isDown ? [size.nodeHeight, size.nodeWidth] : [size.nodeWidth, size.nodeHeight];
  const keys = [...new Set([...items.map((item) => item.key), ...links.map((link) => link.from)])];
  const layerOf = layersOf(keys, links);
  const spots = new Map(keys.map((key) => [key, spot(layerOf.get(key) ?? 0, across)]));
  const chains = chainsOf(links, spots, isDown);
  const layers = ordered([...spots.values(), ...chains.flatMap((chain) => chain.slice(1, -1))]);
  straighten(layers);
  const starts = startsOf(layers.length, links, spots, along, isDown);
  const most = Math.max(across, ...layers.flat().map((one) => one.at + one.breadth / 2));
  const length = (starts[starts.length - 1] ?? 0) + along + 2 * EDGE;
  /** Where something stands, given its place along and across the layers. @type {(a: number, b: number) => Point} */
  const point = (a, b) => (isDown ? { x: b + EDGE, y: a + EDGE } : { x: a + EDGE, y: b + EDGE });
  const known = new Set(items.map((item) => item.key));
  const nodes = keys.map((key) => {
    const one = /** @type {Spot} */ (spots.get(key));
    return { key, isGhost: !known.has(key), ...point(starts[one.layer] ?? 0, one.at - across / 2) };
  });
  const routes = routed(links, spots, chains, starts, along, across, point, isDown);
  spread(links, routes);
  const [width, height] = isDown ? [most + 2 * EDGE, length] : [length, most + 2 * EDGE];
  return { width, height: height + (routes.some((route) => route.isLoop) ? EDGE : 0), nodes, routes, layers: layers.length };
}

/** The layer of each script: one more than the deepest of those it waits for. Of a cycle the edge that closes it is left out. @param {string[]} keys @param {Link[]} links @returns {Map<string, number>} */
export function layersOf(keys, links) {
  /** @type {Map<string, string[]>} */
  const after = new Map(keys.map((key) => [key, []]));
  for (const link of links) if (link.use === "start_when" && link.from !== link.to) after.get(link.from)?.push(link.to);
  const order = orderedByNeed(keys, after);
  const place = new Map(order.map((key, i) => [key, i]));
  const layer = new Map(keys.map((key) => [key, 0]));
  for (const key of order) {
    for (const next of after.get(key) ?? []) {
      if ((place.get(next) ?? 0) > (place.get(key) ?? 0)) layer.set(next, Math.max(layer.get(next) ?? 0, (layer.get(key) ?? 0) + 1));
    }
  }
  return layer;
}

/** An order in which everything stands before what follows from it, but for the edges that close a cycle. Without recursion: a chain may be long. @param {string[]} keys @param {Map<string, string[]>} after */
function orderedByNeed(keys, after) {
  const seen = new Set();
  /** @type {string[]} */
  const done = [];
  const awaited = new Set([...after.values()].flat());
  const roots = [...keys.filter((key) => !awaited.has(key)), ...keys];
  for (const root of roots) {
    if (seen.has(root)) continue;
    seen.add(root);
    const trail = [{ key: root, next: 0 }];
    while (trail.length) {
      const last = /** @type {{ key: string, next: number }} */ (trail[trail.length - 1]);
      const target = after.get(last.key)?.[last.next++];
      if (target === undefined) {
        done.push(last.key);
        trail.pop();
      } else if (!seen.has(target)) {
        seen.add(target);
        trail.push({ key: target, next: 0 });
      }
    }
  }
  return done.reverse();
}

/** @param {number} layer @param {number} breadth @returns {Spot} */
function spot(layer, breadth) {
  return { layer, breadth, at: 0, order: 0, before: [], after: [] };
}

/** What each edge passes, from the earlier layer to the later: its ends, and a bend in each layer between. @param {Link[]} links @param {Map<string, Spot>} spots @param {boolean} isDown @returns {Spot[][]} */
function chainsOf(links, spots, isDown) {
  let bends = 0;
  return links.map((link) => {
    const [from, to] = [/** @type {Spot} */ (spots.get(link.from)), /** @type {Spot} */ (spots.get(link.to))];
    const [first, last] = from.layer <= to.layer ? [from, to] : [to, from];
    const chain = [first];
    const span = last.layer - first.layer;
    const isBent = span > 1 && bends + span <= MOST_BENDS;
    for (let layer = first.layer + 1; isBent && layer < last.layer; layer++) {
      const isMiddle = layer === first.layer + Math.ceil(span / 2);
      chain.push(spot(layer, isDown && isMiddle ? Math.max(LANE, link.width) : LANE));
    }
    if (isBent) bends += span;
    chain.push(last);
    const isStep = isBent || span === 1;
    for (let i = 1; isStep && i < chain.length; i++) {
      chain[i - 1]?.after.push(/** @type {Spot} */ (chain[i]));
      chain[i]?.before.push(/** @type {Spot} */ (chain[i - 1]));
    }
    return chain;
  });
}

/** The layers, each in an order that crosses few edges: that of the barycentres of the neighbours, to and fro, the best of all tries. @param {Spot[]} all @returns {Spot[][]} */
function ordered(all) {
  /** @type {Spot[][]} */
  let layers = [];
  for (const one of new Set(all)) (layers[one.layer] ??= []).push(one);
  layers = Array.from(layers, (layer) => layer ?? []);
  for (const layer of layers) number(layer);
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(best);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const isForward = sweep % 2 === 0;
    for (const layer of isForward ? layers : [...layers].reverse()) {
      const middle = new Map(layer.map((one) => [one, barycentre(isForward ? one.before : one.after, one.order)]));
      layer.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0) || a.order - b.order);
      number(layer);
    }
    const count = crossings(layers);
    if (count < fewest) [fewest, best] = [count, layers.map((layer) => [...layer])];
  }
  for (const layer of best) number(layer);
  return best;
}

/** @param {Spot[]} layer */
function number(layer) {
  layer.forEach((one, i) => (one.order = i));
}

/** @param {Spot[]} neighbours @param {number} otherwise */
function barycentre(neighbours, otherwise) {
  return neighbours.length ? neighbours.reduce((sum, one) => sum + one.order, 0) / neighbours.length : otherwise;
}

/** How many edges cross between neighbouring layers, counted with a tree of sums. @param {Spot[][]} layers */
export function crossings(layers) {
  let count = 0;
  layers.forEach((layer, i) => {
    const size = layers[i + 1]?.length ?? 0;
    const sums = Array.from({ length: size + 1 }, () => 0);
    let seen = 0;
    for (const one of layer) {
      const targets = one.after.map((other) => other.order).sort((a, b) => a - b);
      for (const target of targets) {
        let before = 0;
        for (let at = target + 1; at > 0; at -= at & -at) before += sums[at];
        count += seen - before;
      }
      for (const target of targets) for (let at = target + 1; at <= size; at += at & -at) sums[at] += 1;
      seen += targets.length;
    }
  });
  return count;
}

/** Put everything as near to the middle of its neighbours as order and room allow. @param {Spot[][]} layers */
function straighten(layers) {
  for (const layer of layers) settle(layer, layer.map((_, i) => i));
  for (let i = 0; i < STRAIGHTENINGS; i++) {
    const isForward = i % 2 === 0;
    for (const layer of isForward ? layers : [...layers].reverse()) {
      settle(layer, layer.map((one) => {
        const first = isForward ? one.before : one.after;
        const neighbours = i >= STRAIGHTENINGS - 2 ? [...one.before, ...one.after] : first.length ? first : isForward ? one.after : one.before;
        return neighbours.length ? neighbours.reduce((sum, other) => sum + other.at, 0) / neighbours.length : one.at;
      }));
    }
  }
  const least = Math.min(...layers.flat().map((one) => one.at - one.breadth / 2));
  for (const one of layers.flat()) one.at -= least;
}

/** The places nearest to those wanted (least squares) that keep order and distance: pools of neighbours that would overlap move together. @param {Spot[]} layer @param {number[]} wanted */
function settle(layer, wanted) {
  let offset = 0;
  /** @type {{ sum: number, count: number }[]} */
  const pools = [];
  const offsets = layer.map((one, i) => {
    const previous = layer[i - 1];
    if (previous) offset += (previous.breadth + one.breadth) / 2 + BESIDE;
    return offset;
  });
  layer.forEach((_, i) => {
    let pool = { sum: (wanted[i] ?? 0) - (offsets[i] ?? 0), count: 1 };
    for (let last = pools[pools.length - 1]; last && last.sum / last.count > pool.sum / pool.count; last = pools[pools.length - 1]) {
      pools.pop();
      pool = { sum: last.sum + pool.sum, count: last.count + pool.count };
    }
    pools.push(pool);
  });
  let i = 0;
  for (const pool of pools) {
    for (let n = 0; n < pool.count; n++, i++) /** @type {Spot} */ (layer[i]).at = pool.sum / pool.count + (offsets[i] ?? 0);
  }
}

/** Where each layer begins: the words of the edges between two layers have room there. @param {number} count @param {Link[]} links @param {Map<string, Spot>} spots @param {number} along @param {boolean} isDown */
function startsOf(count, links, spots, along, isDown) {
  const gaps = Array.from({ length: Math.max(0, count - 1) }, () => (isDown ? BETWEEN_DOWN : BETWEEN));
  for (const link of links) {
    const [a, b] = [spots.get(link.from)?.layer ?? 0, spots.get(link.to)?.layer ?? 0];
    if (a === b || isDown) continue;
    const gap = Math.min(a, b) + Math.ceil(Math.abs(a - b) / 2) - 1;
    gaps[gap] = Math.max(gaps[gap] ?? 0, Math.min(WIDEST_GAP, link.width + 30));
  }
  const starts = [0];
  for (const gap of gaps) starts.push((starts[starts.length - 1] ?? 0) + along + gap);
  return starts;
}

/**
 * @param {Link[]} links @param {Map<string, Spot>} spots @param {Spot[][]} chains @param {number[]} starts @param {number} along @param {number} across
 * @param {(a: number, b: number) => Point} point @param {boolean} isDown @returns {Route[]}
 */
function routed(links, spots, chains, starts, along, across, point, isDown) {
  const port = portsOf(links, spots, chains, across);
  return links.map((link, i) => {
    const [from, to] = [/** @type {Spot} */ (spots.get(link.from)), /** @type {Spot} */ (spots.get(link.to))];
    const chain = chains[i] ?? [];
    const start = starts[from.layer] ?? 0;
    if (from === to) return loop(start, from, along, across, point);
    if (from.layer === to.layer) return besideEachOther(start, from, to, along, across, point, isDown);
    const [first, last] = from.layer < to.layer ? [from, to] : [to, from];
    const path = [point((starts[first.layer] ?? 0) + along, port(first, i))];
    for (const bend of chain.slice(1, -1)) path.push(point(starts[bend.layer] ?? 0, bend.at), point((starts[bend.layer] ?? 0) + along, bend.at));
    path.push(point(starts[last.layer] ?? 0, port(last, i)));
    const middle = chain[Math.ceil((chain.length - 1) / 2)];
    const label = chain.length > 2 && middle ? point((starts[middle.layer] ?? 0) + along / 2, middle.at) : between(path[0], path[path.length - 1], 0.5);
    return { path: first === from ? path : path.reverse(), label, isLoop: false };
  });
}

/** Where an edge meets the side of a script: edges of one side stand beside each other, in the order of where they lead. @param {Link[]} links @param {Map<string, Spot>} spots @param {Spot[][]} chains @param {number} across */
function portsOf(links, spots, chains, across) {
  /** @type {Map<Spot, { link: number, towards: number }[][]>} */
  const sides = new Map();
  links.forEach((link, i) => {
    const chain = chains[i] ?? [];
    const [first, last] = [chain[0], chain[chain.length - 1]];
    if (!first || !last || first.layer === last.layer) return;
    side(sides, first, 1).push({ link: i, towards: chain[1]?.at ?? 0 });
    side(sides, last, 0).push({ link: i, towards: chain[chain.length - 2]?.at ?? 0 });
  });
  /** @type {Map<Spot, Map<number, number>>} */
  const ports = new Map();
  for (const [one, both] of sides) {
    const own = new Map();
    for (const group of both) {
      group.sort((a, b) => a.towards - b.towards || a.link - b.link);
      group.forEach((edge, i) => own.set(edge.link, one.at - across / 2 + (across * (i + 1)) / (group.length + 1)));
    }
    ports.set(one, own);
  }
  return (/** @type {Spot} */ one, /** @type {number} */ link) => ports.get(one)?.get(link) ?? one.at;
}

/** @param {Map<Spot, { link: number, towards: number }[][]>} sides @param {Spot} one @param {0 | 1} which */
function side(sides, one, which) {
  const both = sides.get(one) ?? [[], []];
  sides.set(one, both);
  return /** @type {{ link: number, towards: number }[]} */ (both[which]);
}

/** A condition of a script on itself. @param {number} start @param {Spot} one @param {number} along @param {number} across @param {(a: number, b: number) => Point} point @returns {Route} */
function loop(start, one, along, across, point) {
  const far = one.at + across / 2;
  const path = [point(start + along * 0.6, far), point(start + along * 0.6, far + BESIDE - 6), point(start + along * 0.4, far + BESIDE - 6), point(start + along * 0.4, far)];
  return { path, label: point(start + along / 2, far + BESIDE - 6), isLoop: true };
}

/** Between two of one layer: out at one side of the layer, and back. @param {number} start @param {Spot} from @param {Spot} to @param {number} along @param {number} across @param {(a: number, b: number) => Point} point @param {boolean} isDown @returns {Route} */
function besideEachOther(start, from, to, along, across, point, isDown) {
  const sign = from.at < to.at ? 1 : -1;
  const isNext = Math.abs(from.order - to.order) === 1;
  if (isNext) {
    const path = [point(start + along / 2, from.at + (sign * across) / 2), point(start + along / 2, to.at - (sign * across) / 2)];
    return { path, label: between(path[0], path[1], 0.5), isLoop: false };
  }
  const out = start + along + (isDown ? BETWEEN_DOWN : BETWEEN * 0.8) / 2;
  const path = [point(start + along, from.at), point(out, from.at), point(out, to.at), point(start + along, to.at)];
  return { path, label: between(path[1], path[2], 0.5), isLoop: false };
}

/** @param {Point | undefined} a @param {Point | undefined} b @param {number} share @returns {Point} */
function between(a, b, share) {
  const [p, q] = [a ?? { x: 0, y: 0 }, b ?? { x: 0, y: 0 }];
  return { x: p.x + (q.x - p.x) * share, y: p.y + (q.y - p.y) * share };
}

/** Move words that would lie on others along their edge, where it goes straight from one to the other. @param {Link[]} links @param {Route[]} routes */
function spread(links, routes) {
  /** @type {{ x: number, y: number, width: number }[]} */
  const taken = [];
  const isFree = (/** @type {Point} */ at, /** @type {number} */ width) =>
    taken.every((other) => Math.abs(other.x - at.x) > (other.width + width) / 2 || Math.abs(other.y - at.y) > LABEL_HEIGHT);
  routes.forEach((route, i) => {
    const width = links[i]?.width ?? 0;
    const last = route.path[route.path.length - 1];
    const shares = route.path.length === 2 ? [0.5, 0.3, 0.7, 0.4, 0.6, 0.2, 0.8] : [];
    const found = shares.map((share) => between(route.path[0], last, share)).find((at) => isFree(at, width));
    if (found) route.label = found;
    taken.push({ ...route.label, width });
  });
}
