/** A shared database in which everything is allowed to everybody, and what runs as a superuser opens the server. */

/** What a login of the application finds there; `login` owns nothing and may do everything. */
export function hostileSchema(login: string, stranger: string): string {
  return `
  CREATE TABLE companies (id integer PRIMARY KEY, name text NOT NULL);
  CREATE TABLE users (id serial PRIMARY KEY, email text);
  CREATE TABLE patients (id serial PRIMARY KEY, company_id integer NOT NULL REFERENCES companies, name text);
  CREATE TABLE visits (id serial PRIMARY KEY, patient_id integer NOT NULL REFERENCES patients, note text);
  CREATE TABLE letters (id serial PRIMARY KEY, company_id integer NOT NULL REFERENCES companies, body text, scan oid);
  CREATE TABLE drugs (id serial PRIMARY KEY, name text);
  ALTER TABLE letters ENABLE ROW LEVEL SECURITY;
  CREATE POLICY everybody ON letters USING (true);
  ALTER TABLE letters OWNER TO ${stranger};
  INSERT INTO companies SELECT i, 'Clinic ' || i FROM generate_series(1, 3) i;
  INSERT INTO users (email) SELECT 'u' || i FROM generate_series(1, 5) i;
  INSERT INTO patients (company_id, name) SELECT 1 + i % 3, 'patient of ' || 1 + i % 3 FROM generate_series(1, 60) i;
  INSERT INTO visits (patient_id, note) SELECT i, 'visit of ' || 1 + i % 3 FROM generate_series(1, 60) i;
  INSERT INTO letters (company_id, body) SELECT 1 + i % 3, 'letter of ' || 1 + i % 3 FROM generate_series(1, 30) i;
  INSERT INTO drugs (name) SELECT 'drug ' || i FROM generate_series(1, 5) i;
  ${FUNCTIONS}
  ${VIEWS}
  ${AROUND}
  GRANT ALL ON companies, patients, drugs, users TO PUBLIC;
  GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC;
  GRANT ALL ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC;
  GRANT ALL ON SCHEMA public TO PUBLIC;
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${login};
  ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;
  ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO PUBLIC;
  ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO PUBLIC;
  ALTER DEFAULT PRIVILEGES GRANT ALL ON TYPES TO PUBLIC;
  ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC;`;
}

/** Each a superuser's there. */
const FUNCTIONS = `
  CREATE FUNCTION run_sql(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE q; END $$;
  CREATE FUNCTION ask_sql(q text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN RETURN QUERY EXECUTE q; END $$;
  CREATE FUNCTION read_file(path text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN RETURN pg_catalog.pg_read_file(path); END $$;
  CREATE FUNCTION list_files(path text) RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS
    $$ SELECT pg_catalog.pg_ls_dir(path) $$;
  CREATE FUNCTION elsewhere(place text, q text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN RETURN QUERY SELECT t FROM public.dblink(place, q) AS d(t text); END $$;
  CREATE FUNCTION shell(command text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', command); END $$;
  CREATE FUNCTION how_many() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN RETURN (SELECT count(*) FROM patients); END $$;
  CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN PERFORM how_many(); RETURN NEW; END $$;
  CREATE TRIGGER stamped BEFORE UPDATE ON patients FOR EACH ROW EXECUTE FUNCTION stamp();`;

const VIEWS = `
  CREATE VIEW everybody AS SELECT p.*, v.note FROM patients p JOIN visits v ON v.patient_id = p.id;
  CREATE VIEW version_file AS SELECT pg_catalog.pg_read_file('PG_VERSION') AS content;
  CREATE VIEW passwords AS SELECT rolname::text AS login, rolpassword::text AS secret FROM pg_catalog.pg_authid;
  CREATE VIEW watched AS SELECT usename::text AS login, query FROM pg_catalog.pg_stat_activity;
  CREATE MATERIALIZED VIEW counted AS SELECT company_id, count(*) AS n FROM patients GROUP BY 1;`;

/** What leads out of the database, with a superuser's login to go with it. */
const AROUND = `
  CREATE EXTENSION dblink SCHEMA public;
  CREATE EXTENSION postgres_fdw SCHEMA public;
  CREATE EXTENSION file_fdw SCHEMA public;
  CREATE EXTENSION lo SCHEMA public;
  CREATE SERVER itself FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', dbname 'postgres');
  CREATE USER MAPPING FOR PUBLIC SERVER itself OPTIONS (user 'postgres', password 'postgres');
  CREATE FOREIGN TABLE far_logins (rolname name, rolpassword text) SERVER itself OPTIONS (schema_name 'pg_catalog', table_name 'pg_authid');
  CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
  CREATE FOREIGN TABLE passwd (line text) SERVER files OPTIONS (filename '/etc/passwd');
  GRANT ALL ON FOREIGN SERVER itself, files TO PUBLIC;
  GRANT ALL ON FOREIGN DATA WRAPPER postgres_fdw, file_fdw TO PUBLIC;
  GRANT ALL ON far_logins, passwd TO PUBLIC;
  CREATE PUBLICATION everything FOR ALL TABLES;
  CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
  CREATE EVENT TRIGGER seen ON ddl_command_end EXECUTE FUNCTION seen();
  UPDATE public.letters SET scan = lo_from_bytea(77000 + id, body::bytea);
  DO $$ DECLARE l oid; BEGIN FOR l IN SELECT oid FROM pg_catalog.pg_largeobject_metadata LOOP
    EXECUTE format('GRANT ALL ON LARGE OBJECT %s TO PUBLIC', l); END LOOP; END $$;`;
