/** SQL that leaves out the members of extensions, which CREATE EXTENSION makes again; `oid` is of this catalog. */
export const notOfExtension = (catalog: string, oid: string): string => `NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend e
   WHERE e.classid = 'pg_catalog.${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;

/** SQL: false of what comes and goes with another object, as a range's functions do, and its cast to its multirange. */
export const onItsOwn = (alias: string): string => `NOT EXISTS (SELECT FROM pg_catalog.pg_depend i
   WHERE i.classid = ${alias}.tableoid AND i.objid = ${alias}.oid AND i.deptype = 'i')`;
