/**
 * Providers where a name that is no longer claimed can be claimed by anybody, and the words they show for it. From the public list
 * "can-i-take-over-xyz", entries marked vulnerable or edge case; both signs count only together with the suffix.
 */
export interface Provider {
  readonly name: string
  readonly suffixes: readonly string[]
  /** Sentences of the page for an unclaimed name; empty: the absence of the name is the only sign. */
  readonly says: readonly string[]
}

const PROVIDERS: readonly Provider[] = [
  { name: 'GitHub Pages', suffixes: ['github.io'], says: ["There isn't a GitHub Pages site here."] },
  { name: 'Heroku', suffixes: ['herokuapp.com', 'herokudns.com', 'herokussl.com'], says: ['No such app', '//www.herokucdn.com/error-pages/no-such-app.html'] },
  { name: 'Amazon S3', suffixes: ['amazonaws.com'], says: ['The specified bucket does not exist', '<Code>NoSuchBucket</Code>'] },
  { name: 'AWS Elastic Beanstalk', suffixes: ['elasticbeanstalk.com'], says: [] },
  {
    name: 'Microsoft Azure',
    suffixes: [
      'azurewebsites.net',
      'cloudapp.net',
      'cloudapp.azure.com',
      'trafficmanager.net',
      'blob.core.windows.net',
      'azureedge.net',
      'azure-api.net',
      'azurefd.net',
      'azurecontainer.io',
    ],
    says: ['404 Web Site not found.'],
  },
  { name: 'Bitbucket', suffixes: ['bitbucket.io'], says: ['Repository not found'] },
  { name: 'Ghost', suffixes: ['ghost.io'], says: ['Site unavailable', 'Failed to resolve DNS path for this host'] },
  { name: 'Pantheon', suffixes: ['pantheonsite.io'], says: ['404 error unknown site!'] },
  { name: 'Surge', suffixes: ['surge.sh'], says: ['project not found'] },
  { name: 'Netlify', suffixes: ['netlify.app', 'netlify.com'], says: ['Not Found - Request ID:'] },
  { name: 'Read the Docs', suffixes: ['readthedocs.io'], says: ['The link you have followed or the URL that you entered does not exist.'] },
  { name: 'Shopify', suffixes: ['myshopify.com'], says: ['Sorry, this shop is currently unavailable.'] },
  { name: 'Tumblr', suffixes: ['domains.tumblr.com'], says: ["Whatever you were looking for doesn't currently exist at this address."] },
  { name: 'WordPress.com', suffixes: ['wordpress.com'], says: ['Do you want to register'] },
  { name: 'Fly.io', suffixes: ['fly.dev'], says: [] },
  { name: 'Vercel', suffixes: ['vercel.app', 'vercel-dns.com'], says: ['DEPLOYMENT_NOT_FOUND'] },
  { name: 'Cargo', suffixes: ['cargocollective.com'], says: ["If you're moving your domain away from Cargo"] },
  { name: 'Help Scout', suffixes: ['helpscoutdocs.com'], says: ['No settings were found for this company:'] },
  { name: 'Webflow', suffixes: ['proxy.webflow.com', 'proxy-ssl.webflow.com'], says: ["The page you are looking for doesn't exist or has been moved."] },
  { name: 'Firebase', suffixes: ['web.app', 'firebaseapp.com'], says: ['Site Not Found'] },
]

/** The provider whose name space the name is in; matched by whole labels. */
export const providerOf = (name: string): Provider | undefined => PROVIDERS.find(({ suffixes }) => suffixes.some((suffix) => name.endsWith(`.${suffix}`)))
