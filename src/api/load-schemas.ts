import type { OpenApiDocument } from './openapi.ts';
import type { operationSchemas } from './schemas.ts';

/**
 * The zod schemas of all operations. Loaded on demand: zod takes longer to load than a command line may take to start.
 */
export async function loadSchemas(): Promise<typeof operationSchemas> {
  return (await import('./schemas.ts')).operationSchemas;
}

/** Builds the OpenAPI 3.1 document of the API. */
export async function loadOpenApi(options: { readonly version: string }): Promise<OpenApiDocument> {
  return (await import('./openapi.ts')).openApiDocument(options);
}
