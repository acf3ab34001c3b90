import type { FindingDoc } from './doc.js';

export const TENANCY = {
  TENANCY_NO_CLINICS: {
    cause: 'The table that holds the clinics has no row: there is nothing to make and nothing to copy.',
    mend: 'Name another table in `clinics.table`, or another database in `legacy.url`; or enter the first clinic.',
  },
  TENANCY_UNRESOLVED: {
    cause: 'Nothing in the schema or in the configuration says whose the rows of this table are.',
    mend: 'Add the table to `tables` in the configuration: scope clinic (with key or via), shared, central or ignored.',
  },
  TENANCY_CROSSING_KEY: {
    cause: 'A foreign key leads from one database to another, where no constraint can follow it.',
    mend: 'Nothing, if the application can live without the constraint; else give the two tables the same scope.',
  },
  TENANCY_COPY_REFERENCED: {
    cause:
      'With `copyReferenced`, the rows of a central table that a clinic refers to are copied into its database, where they age.',
    mend: 'Nothing, if these rows do not change or may be out of date; else take `copyReferenced` out: the constraint is then not made.',
  },
  TENANCY_SHARED_POINTS_AT_CLINIC: {
    cause: 'A table that every clinic gets whole refers to rows that only one clinic has.',
    mend: 'Make the table clinic-scoped, or central; or list the column in `otherClinics`, where every clinic may see the other’s key.',
  },
  TENANCY_NOT_A_KEY: {
    cause:
      "A column is named like a clinic's key, and none of its values is one. An error where a column of its name and type holds clinics' keys in another table.",
    mend: 'Correct its values or rename it; or list it in `otherClinics` of its table, where it is only a value.',
  },
  TENANCY_OTHER_CLINICS: {
    cause: "A column that `otherClinics` lists holds values that are no clinic's key.",
    mend: 'Correct the values in the legacy database. They are copied as they are.',
  },
} as const satisfies Record<string, FindingDoc>;
