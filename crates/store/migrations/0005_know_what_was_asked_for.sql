-- By what whoever asks for a deployment again knows it: a digest; NULL of what came without a key.
-- Where it is set, the deployment's checksum covers it too.
ALTER TABLE deployments ADD COLUMN asked_as TEXT;

CREATE INDEX deployments_asked ON deployments (asked_as) WHERE asked_as IS NOT NULL;
