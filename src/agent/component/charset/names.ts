/**
 * The character sets that properties may name, with Java's names and aliases for them, compared without case: a flume.conf names them
 * as Java does. Names that browsers read otherwise are Java's here: ISO-8859-1 and US-ASCII are not windows-1252.
 */

/** One character set per line: its name, then its aliases. */
const NAMES = `
US-ASCII 646 ANSI_X3.4-1968 ANSI_X3.4-1986 ASCII IBM367 ISO646-US ISO_646.irv:1991 ascii7 cp367 csASCII default iso-ir-6 iso_646.irv:1983 us
ISO-8859-1 819 8859_1 IBM-819 IBM819 ISO8859-1 ISO8859_1 ISO_8859-1 ISO_8859-1:1987 ISO_8859_1 cp819 csISOLatin1 iso-ir-100 l1 latin1
UTF-8 UTF8 unicode-1-1-utf-8
UTF-16 UTF_16 UnicodeBig unicode utf16
UTF-16BE ISO-10646-UCS-2 UTF_16BE UnicodeBigUnmarked X-UTF-16BE
UTF-16LE UTF_16LE UnicodeLittleUnmarked X-UTF-16LE
UTF-32 UTF32 UTF_32
UTF-32BE UTF_32BE X-UTF-32BE
UTF-32LE UTF_32LE X-UTF-32LE
x-UTF-16LE-BOM UnicodeLittle
ISO-8859-2 8859_2 912 ISO8859-2 ISO_8859-2 ISO_8859-2:1987 cp912 csISOLatin2 ibm-912 ibm912 iso-ir-101 iso8859_2 l2 latin2
ISO-8859-3 8859_3 913 ISO8859-3 ISO_8859-3 ISO_8859-3:1988 cp913 csISOLatin3 ibm-913 ibm913 iso-ir-109 iso8859_3 l3 latin3
ISO-8859-4 8859_4 914 ISO_8859-4 ISO_8859-4:1988 cp914 csISOLatin4 ibm-914 ibm914 iso-ir-110 iso8859-4 iso8859_4 l4 latin4
ISO-8859-5 8859_5 915 ISO8859-5 ISO_8859-5 ISO_8859-5:1988 cp915 csISOLatinCyrillic cyrillic ibm-915 ibm915 iso-ir-144 iso8859_5
ISO-8859-6 1089 8859_6 ASMO-708 ECMA-114 ISO8859-6 ISO_8859-6 ISO_8859-6:1987 arabic cp1089 csISOLatinArabic ibm-1089 ibm1089 iso-ir-127 iso8859_6
ISO-8859-7 813 8859_7 ECMA-118 ELOT_928 ISO_8859-7 ISO_8859-7:1987 cp813 csISOLatinGreek greek greek8 ibm-813 ibm813 iso-ir-126 iso8859-7 iso8859_7 sun_eu_greek
ISO-8859-8 8859_8 916 ISO8859-8 ISO_8859-8 ISO_8859-8:1988 cp916 csISOLatinHebrew hebrew ibm-916 ibm916 iso-ir-138 iso8859_8
ISO-8859-9 8859_9 920 ISO8859-9 ISO_8859-9 ISO_8859-9:1989 cp920 csISOLatin5 ibm-920 ibm920 iso-ir-148 iso8859_9 l5 latin5
ISO-8859-13 8859_13 ISO8859-13 iso8859_13 iso_8859-13
ISO-8859-15 8859_15 923 IBM-923 IBM923 ISO-8859-15 ISO8859-15 ISO8859_15 ISO8859_15_FDIS ISO_8859-15 L9 LATIN0 LATIN9 Latin-9 cp923 csISO885915 csISOlatin0 csISOlatin9
ISO-8859-16 ISO8859_16 ISO_8859-16 ISO_8859-16:2001 csISO885916 iso-ir-226 l10 latin10
windows-1250 cp1250 cp5346
windows-1251 ansi-1251 cp1251 cp5347
windows-1252 cp1252 cp5348 ibm-1252 ibm1252
windows-1253 cp1253 cp5349
windows-1254 cp1254 cp5350
windows-1255 cp1255
windows-1256 cp1256
windows-1257 cp1257 cp5353
windows-1258 cp1258
KOI8-R cskoi8r koi8 koi8_r
KOI8-U koi8_u
IBM437 437 cp437 cspc8codepage437 ibm-437 ibm437 windows-437
IBM775 775 cp775 ibm-775 ibm775
IBM850 850 cp850 cspc850multilingual ibm-850 ibm850
IBM852 852 cp852 csPCp852 ibm-852 ibm852
IBM855 855 cp855 cspcp855 ibm-855 ibm855
IBM857 857 cp857 csIBM857 ibm-857 ibm857
IBM00858 858 PC-Multilingual-850+euro ccsid00858 cp00858 cp858 ibm-858 ibm858
IBM860 860 cp860 csIBM860 ibm-860 ibm860
IBM861 861 cp-is cp861 csIBM861 ibm-861 ibm861
IBM862 862 cp862 csIBM862 cspc862latinhebrew ibm-862 ibm862
IBM863 863 cp863 csIBM863 ibm-863 ibm863
IBM864 864 cp864 csIBM864 ibm-864 ibm864
IBM865 865 cp865 csIBM865 ibm-865 ibm865
IBM866 866 cp866 csIBM866 ibm-866 ibm866
IBM869 869 cp-gr cp869 csIBM869 ibm-869 ibm869
TIS-620 tis620 tis620.2533
Big5 csBig5
Big5-HKSCS Big5_HKSCS big5-hkscs big5hk big5hkscs
EUC-JP Extended_UNIX_Code_Packed_Format_for_Japanese csEUCPkdFmtjapanese euc_jp eucjis eucjp x-euc-jp x-eucjp
EUC-KR 5601 csEUCKR euc_kr euckr ks_c_5601-1987 ksc5601 ksc5601-1987 ksc5601_1987 ksc_5601
GB18030 gb18030-2022
GB2312 EUC_CN euc-cn euccn gb2312 gb2312-1980 gb2312-80 x-EUC-CN
GBK CP936 windows-936
Shift_JIS csShiftJIS ms_kanji shift-jis shift_jis sjis x-sjis
windows-31j MS932 csWindows31J windows-932
`;

/** Where iconv-lite calls it otherwise. */
const ICONV_NAMES: Readonly<Record<string, string>> = {
  IBM00858: 'cp858',
  'windows-31j': 'cp932',
};

const byName = new Map<string, string>();
for (const line of NAMES.trim().split('\n')) {
  const names = line.trim().split(' ');
  for (const name of names) byName.set(name.toLowerCase(), names[0] ?? name);
}

/** Java's name of a character set, by any of its names; undefined when it is not known here. */
export function charsetName(name: string): string | undefined {
  return byName.get(name.trim().toLowerCase());
}

/** The names of all character sets. */
export const charsetNames: readonly string[] = [...new Set(byName.values())];

/** What iconv-lite calls a character set that has a table there. @param name Java's name */
export function iconvName(name: string): string {
  return ICONV_NAMES[name] ?? name;
}
