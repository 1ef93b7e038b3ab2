/** The data of an application that gives its type to `sessions`. */
export interface Shop {
  count: number;
  cart?: string[];
  theme: "light" | "dark";
}
