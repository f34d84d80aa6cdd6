// Swagger UI over our own description. Nothing is asked of anybody else, and no key is kept.

/** @type {any} */ (window).SwaggerUIBundle({
  url: "/api/schema?format=json",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
  withCredentials: false,
});
