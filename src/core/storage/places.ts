/** Where files of a storage lie: paths of this machine's file system, or `s3://BUCKET/KEY`. */
import path from 'node:path';
import { StreamjobError } from '../errors.ts';

const S3 = 's3://';

/** Whether a place is in S3, or what speaks as it does. */
export function isInS3(place: string): boolean {
  return place.startsWith(S3);
}

/** The same place, whatever the working directory is, without a slash at its end. @throws StreamjobError CONFIG_INVALID */
export function absolutePlace(place: string): string {
  if (!isInS3(place)) return path.resolve(place);
  const whole = place.replace(/\/+$/, '');
  const { bucket, key } = s3Place(whole);
  const isUsual = key.split('/').every((name) => !['', '.', '..'].includes(name)) || key === '';
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) && isUsual) return whole;
  throw new StreamjobError('CONFIG_INVALID', `${place} is no place in S3`, {
    where: 'storage',
    hint: 'expected s3://BUCKET/PREFIX',
  });
}

/** A place below a directory. @throws Error where it is not below it */
export function placeBelow(directory: string, relative: string): string {
  const below = isInS3(directory) ? `${directory}/${relative}` : path.resolve(directory, relative);
  if (isBelow(directory, below)) return below;
  throw new Error(`${relative} is not below ${directory}`);
}

/** Whether a place is below a directory. Both are absolute. */
export function isBelow(directory: string, place: string): boolean {
  if (!isInS3(directory)) return place.startsWith(directory + path.sep);
  return place.startsWith(`${directory}/`) && !/\/\.{0,2}(?:\/|$)/.test(place.slice(directory.length));
}

/** What of a place stands behind a directory's. */
export function relativePlace(directory: string, place: string): string {
  return isInS3(directory) ? place.slice(directory.length + 1) : path.relative(directory, place);
}

/** A file of a directory. */
export function placeIn(directory: string, ...names: readonly string[]): string {
  return isInS3(directory) ? [directory, ...names].join('/') : path.join(directory, ...names);
}

/** The directory of a file. */
export function directoryOf(place: string): string {
  return isInS3(place) ? place.slice(0, place.lastIndexOf('/')) : path.dirname(path.resolve(place));
}

/** The last name of a place. */
export function nameOf(place: string): string {
  return isInS3(place) ? place.slice(place.lastIndexOf('/') + 1) : path.basename(place);
}

/** A bucket and what stands behind it. */
export function s3Place(place: string): { readonly bucket: string; readonly key: string } {
  const [bucket = '', ...names] = place.slice(S3.length).split('/');
  return { bucket, key: names.join('/') };
}
