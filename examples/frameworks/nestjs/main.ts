import "reflect-metadata";
import { Controller, Get, Module, Post, Query, Redirect, Session as Visitor } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { type Session, secretsFromEnv } from "keepsake";
import { sessions } from "keepsake/adapters/express";

@Controller()
class VisitsController {
  @Get()
  visit(@Visitor() session: Session): string {
    session.modify("visits", (visits = 0) => visits + 1);
    return `Hello ${session.subject ?? "stranger"}, visit ${session.get("visits")}\n`;
  }

  @Post("login")
  @Redirect("/", 303)
  login(@Visitor() session: Session, @Query("user") user = "ada"): void {
    // In place of your own check of a password.
    session.login(user, { keep: ["visits"] });
  }

  @Post("logout")
  @Redirect("/", 303)
  logout(@Visitor() session: Session): void {
    session.logout();
  }
}

@Module({ controllers: [VisitsController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ["error", "warn"] });
app.use(sessions(secretsFromEnv("APP_SECRET")));
await app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
console.log(`listening on ${await app.getUrl()}`);
