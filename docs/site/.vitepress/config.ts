/** The site of the documentation: pages.ts says which pages it has; build.ts writes them and calls VitePress. */
import { GROUPS, OUTPUT, SOURCE, slug, target, titleOf } from '../pages.ts';

const link = (page: string): string =>
  `/${target(page).replace(/(?:index)?\.md$/, (ending: string) => (ending === 'index.md' ? '' : '.html'))}`;

// biome-ignore lint/style/noDefaultExport: VitePress asks for it.
export default {
  lang: 'en',
  title: 'streamjob',
  description:
    'Micro-batches in TypeScript, fed by Apache Flume: an event is acknowledged after its batch has committed.',
  // No icon: without this browsers ask for one.
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  srcDir: SOURCE,
  outDir: OUTPUT,
  cacheDir: new URL('../.cache', import.meta.url).pathname,
  cleanUrls: false,
  metaChunk: true,
  // The index of the search is one file.
  vite: { build: { chunkSizeWarningLimit: 5000 } },
  // check.ts looks at all links afterwards, at those to headings too.
  ignoreDeadLinks: false,
  markdown: {
    anchor: { slugify: slug },
    // A flume.conf, and a unit of systemd.
    languageAlias: { properties: 'ini' },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: GROUPS.map(({ group, pages }) => ({
      text: group,
      collapsed: false,
      items: pages.map((page) => ({ text: page === 'README.md' ? 'streamjob' : titleOf(page), link: link(page) })),
    })),
    docFooter: { prev: 'Before', next: 'Next' },
  },
};
