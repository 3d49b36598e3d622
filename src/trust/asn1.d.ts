// The types of node-forge are of the whole of it; its encoder is a tenth of that to load.
declare module 'node-forge/lib/asn1.js' {
  import { asn1 } from 'node-forge';
  export = asn1;
}
