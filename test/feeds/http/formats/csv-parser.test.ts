import { describe, expect, it, test } from 'vitest';
import { fc } from '../../../properties.ts';
import { createCsvParser, MAX_ROW_LENGTH } from '../../../../src/feeds/http/formats/csv-parser.ts';
import { csv } from '../../../../src/feeds/http/formats/csv.ts';
import type { CsvOptions } from '../../../../src/feeds/http/formats/csv-options.ts';
import type { BodyItem } from '../../../../src/feeds/http/format.ts';

function read(text: string | Uint8Array, options: CsvOptions = {}, cuts: readonly number[] = []): BodyItem[] {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const parser = createCsvParser(options);
  const items: BodyItem[] = [];
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (const [index, from] of places.slice(0, -1).entries()) parser.push(bytes.slice(from, places[index + 1]), items);
  parser.end(items);
  return items;
}

const data = (items: readonly BodyItem[]) => items.map((item) => item.data);
const reasons = (items: readonly BodyItem[]) => items.map(({ invalid }) => invalid?.reason ?? null);

describe('rows of CSV', () => {
  it('are objects of the header, and text', () => {
    expect(data(read('\uFEFFa, b \r\n1,x\r\n\r\n"2","y ""z"", ü\nnext"'))).toEqual([
      { a: '1', b: 'x' },
      { a: '2', b: 'y "z", ü\nnext' },
    ]);
  });

  it('take declared columns, another delimiter and lines before', () => {
    const options = { columns: ['a', 'b'], delimiter: ';', skipLines: 2 };
    expect(data(read('made by\nhand\n1;2\n3;4', options))).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ]);
  });

  it.each<[CsvOptions, unknown]>([
    [{}, { n: '-1.5e3', t: '007', e: '' }],
    [{ numbers: true }, { n: -1500, t: '007', e: '' }],
    [{ numbers: ['t'] }, { n: '-1.5e3', t: '007', e: '' }],
    [
      { numbers: ['n'], empty: 'null' },
      { n: -1500, t: '007', e: null },
    ],
    [{ empty: 'omit' }, { n: '-1.5e3', t: '007' }],
  ])('become numbers and nothing as declared: %j', (options, expected) => {
    expect(data(read('n,t,e\n-1.5e3,007,\n', options))).toEqual([expected]);
  });

  it.each([
    ['9007199254740993', '9007199254740993'],
    ['9007199254740993.0', '9007199254740993'],
    ['1e22', 1e22],
    ['1e999', Infinity],
    ['-1e4000', -Infinity],
  ])('lose no digit, and none passes for a number that it is not: %s', (text, expected) => {
    expect(data(read(`n\n${text}\n`, { numbers: true }))).toEqual([{ n: expected }]);
  });

  it.each(['1,5', '0x10', ' 1', '+1', 'Infinity', '1_000', '.5', '5.'])('leave %s a text', (text) => {
    expect(data(read(`n\n"${text}"\n`, { numbers: true }))).toEqual([{ n: text }]);
  });

  it('name no property that an object has of its own', () => {
    const [item] = read('__proto__,constructor\n1,2\n');
    expect(Object.entries(item?.data as object)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
  });
});

describe('a row that cannot be read', () => {
  it('is invalid with its line, and no other is', () => {
    const text = 'a,b,c\n1,2,3\n4,"x"y,6\n7,8\n"multi\nline",9,10\n\n11,5" pipe,13\n14,15,16\n';
    const items = read(text);
    expect(reasons(items)).toEqual([
      null,
      'line 3 has text behind a closing quote',
      'line 4 has 2 fields, not 3',
      null,
      'line 8 has a quote within a field that has none around it',
      null,
    ]);
    expect(data(items).slice(-1)).toEqual([{ a: '14', b: '15', c: '16' }]);
    expect(items[1]?.data).toBe('4,"x"y,6');
  });

  it('that opens a quote for good takes no row behind it along', () => {
    const items = read('a\n"open\n1\n2');
    expect(reasons(items)).toEqual(['line 2 opens a quote that is never closed', null, null]);
  });

  it('that is not UTF-8, or longer than a row may be, is invalid', () => {
    expect(reasons(read(Uint8Array.of(0x61, 10, 0xff, 10, 0x31)))).toEqual(['line 2 is not UTF-8', null]);
    const long = read(`a\n"${'x'.repeat(2 * MAX_ROW_LENGTH)}\n1\n2\n`);
    expect(long).toHaveLength(3);
    expect(long[0]?.invalid?.reason).toMatch(/^line 2 /);
    expect(data(long.slice(1))).toEqual([{ a: '1' }, { a: '2' }]);
  });

  it('costs no more than its line where every row is one', () => {
    const items = read(`a,b\n${'1,"x"y\n'.repeat(20_000)}`);
    expect(items).toHaveLength(20_000);
    expect(items.at(-1)?.invalid?.reason).toMatch(/^line 20001 /);
  }, 20_000);
});

it('a row that comes in very many pieces costs no more than its length', () => {
  const parser = createCsvParser({ columns: ['a'] });
  const items: BodyItem[] = [];
  const piece = new TextEncoder().encode('x\n');
  parser.push(new TextEncoder().encode('"'), items);
  for (let count = 0; count < 200_000; count += 1) parser.push(piece, items);
  parser.push(new TextEncoder().encode('"\nlast\n'), items);
  parser.end(items);
  expect(items).toHaveLength(2);
}, 20_000);

describe('lines', () => {
  it.each(['\n', '\r\n', '\r'])('end with %j, and count', (end) => {
    const items = read(['a,b', '1,2', '"x', 'y",3', '', 'bad', '4,5'].join(end));
    expect(items.map(({ data: row, invalid }) => invalid?.reason ?? row)).toEqual([
      { a: '1', b: '2' },
      { a: `x${end}y`, b: '3' },
      'line 6 has 1 fields, not 2',
      { a: '4', b: '5' },
    ]);
  });

  it('end in a mixture', () => {
    expect(data(read('a,b\r1,2\n3,4\r\n5,6\r\r\n7,8'))).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
      { a: '5', b: '6' },
      { a: '7', b: '8' },
    ]);
  });
});

describe('comments', () => {
  const text = '# made by hand, "or not\n#\r\na,b\n# of "1,"\n1,#2\n"3\n#4",5\n#';

  it('are passed over where a row could begin, and lines are counted on', () => {
    const expected = [
      { a: '1', b: '#2' },
      { a: '3\n#4', b: '5' },
    ];
    for (let cut = 0; cut <= text.length; cut += 1) expect(data(read(text, { comment: '#' }, [cut]))).toEqual(expected);
    expect(data(read('#x\na,b\n1,2\n', { comment: '#', columns: ['a', 'b'] }))).toEqual([{ a: '1', b: '2' }]);
    expect(reasons(read('#x\na,b\n#y\n1\n', { comment: '#' }))).toEqual(['line 4 has 1 fields, not 2']);
  });

  it('are rows where no character is declared', () => {
    expect(data(read('#,b\n#1,2\n'))).toEqual([{ '#': '#1', b: '2' }]);
  });
});

describe('lenient quotes', () => {
  it.each([
    ['5" pipe,x', { a: '5" pipe', b: 'x' }],
    ['"5" pipe",x', { a: '5" pipe', b: 'x' }],
    ['"a"b,x', { a: '"a"b', b: 'x' }],
    [' "a",x', { a: ' "a"', b: 'x' }],
    ['"say ""hi"" to",x', { a: 'say "hi" to', b: 'x' }],
    ['"two\nlines",x', { a: 'two\nlines', b: 'x' }],
    ['"open,x', { a: '"open', b: 'x' }],
    ['"a,c" ,"x"\t', { a: 'a,c', b: 'x' }],
    ['"a" b",x', { a: 'a" b', b: 'x' }],
    ['"",x', { a: '', b: 'x' }],
  ])('%s', (row, expected) => {
    expect(data(read(`a,b\n${row}\n`, { quotes: 'lenient' }))).toEqual([expected]);
  });
});

it('passes over blanks behind a closing quote wherever the text is cut', () => {
  const text = 'a,b\n"1" ,"2"  \n3,"4" ';
  for (let cut = 0; cut <= text.length; cut += 1) {
    expect(data(read(text, { quotes: 'lenient' }, [cut]))).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ]);
  }
  expect(data(read('a;b\n"1"\t;"2"\n', { quotes: 'lenient', delimiter: ';' }))).toEqual([{ a: '1', b: '2' }]);
  expect(data(read('a\tb\n"1"\t"2"\n', { quotes: 'lenient', delimiter: '\t' }))).toEqual([{ a: '1', b: '2' }]);
});

describe('charsets', () => {
  it.each<[string, number[], string]>([
    ['windows-1252', [0x80, 0xe4], '€ä'],
    ['iso-8859-2', [0xb3], 'ł'],
    ['shift_jis', [0x93, 0xfa], '日'],
    ['utf-16le', [0x42, 0x01], 'ł'],
  ])('%s', (charset, bytes, expected) => {
    const ascii = (text: string) =>
      Array.from(text).flatMap((one) => [one.charCodeAt(0), ...(charset === 'utf-16le' ? [0] : [])]);
    const body = Uint8Array.from([...ascii('a\n'), ...bytes, ...ascii('\n')]);
    expect(data(read(body, { charset }))).toEqual([{ a: expected }]);
  });

  it('a byte order mark counts before what is declared', () => {
    expect(data(read('\uFEFFa\nü\n', { charset: 'windows-1252' }))).toEqual([{ a: 'ü' }]);
  });

  it('bytes of none make their row invalid, and a replacement character of the source does not', () => {
    const items = read(Uint8Array.from([...new TextEncoder().encode('a\n\uFFFD\n'), 0xff, 10, 0xef, 0xbf, 0xbd, 10]));
    expect(items.map(({ data: row, invalid }) => invalid?.reason ?? row)).toEqual([
      { a: '\uFFFD' },
      'line 3 is not UTF-8',
      { a: '\uFFFD' },
    ]);
    expect(reasons(read(Uint8Array.of(0x61, 10, 0xff, 10), { charset: 'shift_jis' }))).toEqual([
      'line 2 is not text in shift_jis',
    ]);
  });
});

describe('a header', () => {
  it.each<[string, string[], CsvOptions, string]>([
    ['Error: no, later', ['id', 'v'], {}, 'lacks the columns id, v: "Error: no, later"'],
    ['id,w\n1,2', ['id', 'v'], {}, 'lacks the column v: "id,w"'],
    ['id,w\n1,2', [], { numbers: ['v'] }, 'lacks the column v: "id,w"'],
    ['<html><body>', [], {}, 'is HTML or XML: "<html><body>"'],
    ['{"error":"no"}', [], {}, 'is JSON: "{"error":"no"}"'],
    ['id,id\n1,2', [], {}, 'has the name id twice: "id,id"'],
  ])('that is none is told with its line: %s', (text, required, options, told) => {
    const parse = () => {
      const parser = createCsvParser(options, { charset: null, required: [required], fields: [] });
      parser.push(new TextEncoder().encode(text), []);
      parser.end([]);
    };
    expect(parse).toThrow(`line 1, ${told}`);
  });

  it('may lack what only some of its streams need', () => {
    const parser = createCsvParser({}, { charset: null, required: [['id', 'other'], []], fields: [] });
    const items: BodyItem[] = [];
    parser.push(new TextEncoder().encode('id\n1\n'), items);
    expect(data(items)).toEqual([{ id: '1' }]);
  });

  it.each(['', '\n\n', 'a,a\n1,2', 'a,\n1,2', '"a\n1', 'a"b,c\n'])('that is none fails the body: %j', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'upstream', field: 'format.columns' }) as Error);
  });
});

const Field = fc.string({ unit: fc.constantFrom('a', 'ü', '😀', ',', '"', '\n', '\r\n', ' ', '1'), maxLength: 6 });
const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`;

test('rows are the same, whatever their fields hold and wherever the body is cut', () => {
  const Rows = fc.array(fc.tuple(Field, Field), { maxLength: 30 });
  fc.assert(
    fc.property(
      Rows,
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.constantFrom('\n', '\r\n', '\r'),
      (rows, cuts, ending) => {
        const text = ['a,b', ...rows.map((row) => row.map(quoted).join(','))].join(ending);
        expect(data(read(text, {}, cuts))).toEqual(rows.map(([a, b]) => ({ a, b })));
      },
    ),
  );
});

test('anything at all gives the same rows up to the first broken one, wherever it is cut', () => {
  const Text = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r\n', '\r', 'ü'), maxLength: 80 });
  fc.assert(
    fc.property(Text, fc.array(fc.nat(), { maxLength: 12 }), (text, cuts) => {
      const whole = read(text, { columns: ['a', 'b'] });
      const cut = read(text, { columns: ['a', 'b'] }, cuts);
      // Where a block ends decides how a broken row is told, and never what stands before the first one.
      const firstBad = whole.findIndex(({ invalid }) => invalid);
      const sound = firstBad === -1 ? whole.length : firstBad;
      expect(cut.slice(0, sound)).toEqual(whole.slice(0, sound));
      expect(cut.length === 0).toBe(whole.length === 0);
    }),
  );
});

test.each<[CsvOptions, string[]]>([
  [{}, []],
  [{ columns: ['a', 'b'], delimiter: '\t', quote: "'", skipLines: 1, numbers: ['b'], empty: 'omit' }, []],
  [{ columns: [] }, ['columns']],
  [{ columns: ['a', 'a'] }, ['columns']],
  [{ delimiter: ';;' }, ['delimiter']],
  [{ delimiter: '"' }, ['quote']],
  [{ quote: '\n' }, ['quote']],
  [{ comment: '//' }, ['comment']],
  [{ comment: '"' }, ['comment']],
  [{ skipLines: -1 }, ['skipLines']],
  [{ columns: ['a'], numbers: ['b'] }, ['numbers']],
  [{ numbers: 'a' as unknown as boolean }, ['numbers']],
  [{ empty: 'zero' as 'text' }, ['empty']],
  [{ header: true } as CsvOptions, ['header']],
])('a declaration %j has the problems %j', (options, paths) => {
  expect(
    csv(options)
      .problems()
      .map(({ path }) => path),
  ).toEqual(paths);
});
