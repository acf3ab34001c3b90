/** SQL that leaves out the members of extensions, which CREATE EXTENSION makes again; `oid` is of this catalog. */
export const notOfExtension = (catalog: string, oid: string): string => `NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend e
   WHERE e.classid = 'pg_catalog.${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;
