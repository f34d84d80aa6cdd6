// Swagger UI over our own description. Nothing is asked of anybody else, and no key is kept.

const dark = matchMedia("(prefers-color-scheme: dark)");

function paint() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

dark.addEventListener("change", paint);
paint();

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
